/** Foreign text as one can print it: no control character reaches a terminal or a document. Line ends stay. */
export function printable(text: string): string {
  return text.replaceAll(/(?!\n)\p{Cc}/gu, escapeCharacter);
}

/** Foreign text on one line: what would break it, or turn its direction around, is written as an escape. */
export function oneLine(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, escapeCharacter);
}

function escapeCharacter(character: string): string {
  return `\\u{${character.codePointAt(0)?.toString(16)}}`;
}
