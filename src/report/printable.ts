/** Clinic and table names are foreign text: no control character of theirs reaches a terminal. Lines stay lines. */
export function printable(text: string): string {
  return text.replaceAll(/(?!\n)\p{Cc}/gu, escapeCharacter);
}

/** The same for what must not look like several lines. */
export function oneLine(text: string): string {
  return text.replaceAll(/\p{Cc}/gu, escapeCharacter);
}

function escapeCharacter(character: string): string {
  return `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`;
}
