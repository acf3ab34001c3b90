import { printable, printableSource } from '../core/printable.js';

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Foreign text for XML and HTML, between tags or in a quoted attribute; what XML cannot hold is spelled out. */
export function escapeXml(text: string): string {
  return markUp(printable(text));
}

/** The same for lines of source text, which keep their tabs. */
export function escapeXmlSource(text: string): string {
  return markUp(printableSource(text));
}

function markUp(text: string): string {
  return text
    .replaceAll(/[\ufffe\uffff]/g, (char) => `\\u${char.charCodeAt(0).toString(16)}`)
    .replaceAll(/[&<>"']/g, (char) => ENTITIES[char] ?? char);
}
