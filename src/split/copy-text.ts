/** PostgreSQL's COPY text format, as far as routing needs it: lines, and the first field of each. */

const NEWLINE = 0x0a;
const TAB = 0x09;

const ESCAPES: Readonly<Record<string, string>> = {
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
  '\\': '\\\\',
};
const CHARACTERS = new Map(Object.entries(ESCAPES).map(([character, sequence]) => [sequence, character]));

/** A value as a field of COPY text. */
export function escapeField(value: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters that COPY escapes
  return value.replace(/[\x08\x0c\n\r\t\x0b\\]/g, (character) => ESCAPES[character] ?? character);
}

/** The value of a field that the server wrote; not for \N. */
export function unescapeField(field: string): string {
  return field.replace(/\\[\s\S]/g, (sequence) => CHARACTERS.get(sequence) ?? sequence.slice(1));
}

/** Receives a line: `buffer` from `start` to `end`, the newline included. Valid only during the call. */
export type LineReader = (buffer: Buffer, start: number, end: number) => void;

/**
 * Cuts chunks of COPY text into lines, wherever the chunks end. COPY escapes newlines and tabs inside values, and
 * no byte of a UTF-8 sequence looks like one, so bytes are enough.
 */
export class LineSplitter {
  private carry: Buffer[] = [];

  constructor(private readonly read: LineReader) {}

  push(chunk: Buffer): void {
    let start = 0;
    let newline = chunk.indexOf(NEWLINE);
    if (newline >= 0 && this.carry.length > 0) {
      const line = Buffer.concat([...this.carry, chunk.subarray(0, newline + 1)]);
      this.carry = [];
      this.read(line, 0, line.length);
      start = newline + 1;
      newline = chunk.indexOf(NEWLINE, start);
    }
    while (newline >= 0) {
      this.read(chunk, start, newline + 1);
      start = newline + 1;
      newline = chunk.indexOf(NEWLINE, start);
    }
    // Copied, because the driver may use its buffer again.
    if (start < chunk.length) this.carry.push(Buffer.from(chunk.subarray(start)));
  }

  /** True when the last chunk ended with a line's end. */
  get complete(): boolean {
    return this.carry.length === 0;
  }
}

/** Where the first field of a line ends: at its tab, or at the newline where there is only one field. */
export function firstFieldEnd(buffer: Buffer, start: number, end: number): number {
  const tab = buffer.indexOf(TAB, start);
  return tab < 0 || tab >= end ? end - 1 : tab;
}
