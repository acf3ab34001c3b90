import { RunError } from '../../core/errors.js';

/** Replaces the text from `start` to `end` (offsets, end excluded); an insertion where they are equal. */
export interface Edit {
  readonly start: number;
  readonly end: number;
  /** Lines are separated by \n, whatever the file's own end of line is. */
  readonly text: string;
}

/**
 * The text with the edits applied; everything else stays byte for byte. Insertions at one place keep their
 * order and come before a replacement that begins there. RunError where two edits overlap.
 */
export function applyEdits(text: string, edits: readonly Edit[]): string {
  const endOfLine = endOfLineOf(text);
  const order = edits.map((edit, index) => ({ ...edit, index }));
  order.sort((a, b) => a.start - b.start || a.end - b.end || a.index - b.index);
  let done = 0;
  let result = '';
  for (const edit of order) {
    if (edit.start < done) throw new RunError(`two edits overlap at offset ${edit.start}`);
    result += text.slice(done, edit.start) + edit.text.replaceAll(/\r?\n/g, endOfLine);
    done = edit.end;
  }
  return result + text.slice(done);
}

/** How most of the text's lines end. */
export function endOfLineOf(text: string): '\n' | '\r\n' {
  const crlf = text.split('\r\n').length - 1;
  return crlf * 2 > text.split('\n').length - 1 ? '\r\n' : '\n';
}

/** The offset at which the line of `offset` begins. */
export function lineStart(text: string, offset: number): number {
  return text.lastIndexOf('\n', offset - 1) + 1;
}

/** The offset after the line's end (and its line feed). */
export function lineEnd(text: string, offset: number): number {
  const at = text.indexOf('\n', offset);
  return at < 0 ? text.length : at + 1;
}

/** The blanks at the beginning of the line of `offset`. */
export function indentAt(text: string, offset: number): string {
  return /^[ \t]*/.exec(text.slice(lineStart(text, offset)))?.[0] ?? '';
}

/**
 * The range to delete for something that stands on lines of its own: whole lines, and one of two blank lines
 * that would meet. Only the thing itself where it shares its lines.
 */
export function wholeLines(text: string, start: number, end: number): { start: number; end: number } {
  const from = lineStart(text, start);
  const to = lineEnd(text, end);
  if (text.slice(from, start).trim() !== '' || text.slice(end, to).trim() !== '') return { start, end };
  const before = text.slice(lineStart(text, Math.max(0, from - 1)), from);
  const after = text.slice(to, lineEnd(text, to));
  const blankBefore = from === 0 || before.trim() === '';
  const closes = /^\s*[})\]]/.test(after);
  if (blankBefore && from > 0 && (after.trim() === '' || closes))
    return { start: lineStart(text, from - 1), end: to };
  const opens = /[{([]\s*$/.test(before) || /^(#!.*\n)?$/.test(text.slice(0, from));
  return { start: from, end: opens && after.trim() === '' ? lineEnd(text, to) : to };
}
