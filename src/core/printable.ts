/** What a terminal obeys, what has no shape, what turns text around or ends a line: nothing that a name needs. */
const UNSEEN = '\\p{Cc}\\p{Cf}\\p{Zl}\\p{Zp}';
const ALL = new RegExp(`[${UNSEEN}]`, 'gu');
const BUT_LINE_ENDS = new RegExp(`(?!\\n)[${UNSEEN}]`, 'gu');
const BUT_LAYOUT = new RegExp(`(?!\\n|\\t|\\r\\n)[${UNSEEN}]`, 'gu');

/** Foreign text as one can print it: whatever is not to be seen is written as an escape. Line ends stay. */
export function printable(text: string): string {
  return text.replaceAll(BUT_LINE_ENDS, escapeCharacter);
}

/** Foreign text on one line. */
export function oneLine(text: string): string {
  return text.replaceAll(ALL, escapeCharacter);
}

/** Lines of source text, which may be indented by tabs and end as they do on Windows. */
export function printableSource(text: string): string {
  return text.replaceAll(BUT_LAYOUT, escapeCharacter);
}

/** JSON as it can be printed: the same value, and nothing of its text outside of escapes. `json` is valid JSON. */
export function printableJson(json: string): string {
  return json.replaceAll(BUT_LINE_ENDS, (character) =>
    Array.from({ length: character.length }, (_, i) => codeUnit(character, i)).join(''),
  );
}

function codeUnit(text: string, i: number): string {
  return `\\u${text.charCodeAt(i).toString(16).padStart(4, '0')}`;
}

function escapeCharacter(character: string): string {
  return `\\u{${character.codePointAt(0)?.toString(16)}}`;
}
