/** Foreign text as one can print it: no control character reaches a terminal or a document. Line ends stay. */
export function printable(text: string): string {
  return text.replaceAll(
    /(?!\n)\p{Cc}/gu,
    (char) => `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`,
  );
}
