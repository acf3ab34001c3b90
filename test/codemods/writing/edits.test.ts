import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { applyEdits, wholeLines } from '../../../src/codemods/writing/edits.js';

describe('applyEdits', () => {
  it('leaves every byte outside the edits as it was', () => {
    const pieces = fc.array(
      fc.record({ kept: fc.string(), old: fc.string({ minLength: 1 }), text: fc.string() }),
    );
    fc.assert(
      fc.property(pieces, fc.string(), (parts, tail) => {
        let before = '';
        const edits = parts.map(({ kept, old, text }) => {
          const start = before.length + kept.length;
          before += kept + old;
          return { start, end: start + old.length, text: text.replaceAll('\r', '') };
        });
        const after = parts.map(({ kept }, i) => kept + (edits[i]?.text ?? '')).join('') + tail;
        expect(applyEdits(before + tail, [...edits].reverse())).toBe(after);
      }),
    );
  });

  it('keeps the order of insertions at one place, before a replacement that begins there', () => {
    const edits = [
      { start: 1, end: 2, text: 'X' },
      { start: 1, end: 1, text: '1' },
      { start: 1, end: 1, text: '2' },
    ];
    expect(applyEdits('abc', edits)).toBe('a12Xc');
  });

  it("writes new lines with the file's own end of line and leaves the old ones", () => {
    expect(applyEdits('a\r\nb\nc\r\n', [{ start: 0, end: 0, text: 'x\ny\n' }])).toBe(
      'x\r\ny\r\na\r\nb\nc\r\n',
    );
  });

  it('refuses edits that overlap', () => {
    const edits = [
      { start: 0, end: 2, text: '' },
      { start: 1, end: 3, text: '' },
    ];
    expect(() => applyEdits('abc', edits)).toThrow('two edits overlap at offset 1');
  });
});

describe('wholeLines', () => {
  const cut = (text: string, part: string): string => {
    const start = text.indexOf(part);
    const range = wholeLines(text, start, start + part.length);
    return text.slice(0, range.start) + text.slice(range.end);
  };

  it('takes a line with its end, and one of two blank lines that would meet', () => {
    expect(cut('a\n  b;\nc\n', 'b;')).toBe('a\nc\n');
    expect(cut('a\n\nb;\n\nc\n', 'b;')).toBe('a\n\nc\n');
    expect(cut('{\n  b;\n\n  c\n}', 'b;')).toBe('{\n  c\n}');
  });

  it('takes only the thing itself where it shares its line', () => {
    expect(cut('a; b; // why\n', 'b;')).toBe('a;  // why\n');
  });
});
