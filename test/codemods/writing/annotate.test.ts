import { describe, expect, it } from 'vitest';
import { annotate } from '../../../src/codemods/writing/annotate.js';
import type { Finding } from '../../../src/core/finding.js';

const at = (line: number, code: Finding['code'] = 'CODE_MODEL_AT_LOAD'): Finding => ({
  code,
  severity: 'error',
  message: 'why',
  location: { file: '/a.js', line, column: 1 },
});

describe('annotate', () => {
  it('puts a comment above the line, indented like it, in the end of line of the file', () => {
    expect(annotate('a;\r\n\tb;\r\n', [at(2)])).toBe(
      'a;\r\n\t// TODO(clinic-migrate): CODE_MODEL_AT_LOAD why\r\n\tb;\r\n',
    );
  });

  it('keeps the byte-order mark and the interpreter line first', () => {
    expect(annotate('\uFEFFa;', [at(1)])).toBe('\uFEFF// TODO(clinic-migrate): CODE_MODEL_AT_LOAD why\na;');
    expect(annotate('#!/usr/bin/env node\na;', [at(1)])).toBe(
      '#!/usr/bin/env node\n// TODO(clinic-migrate): CODE_MODEL_AT_LOAD why\na;',
    );
  });

  it('never writes into a template literal', () => {
    expect(annotate('f(`\n${a}\n`);', [at(2)])).toBe(
      '// TODO(clinic-migrate): CODE_MODEL_AT_LOAD why\nf(`\n${a}\n`);',
    );
  });

  it('says each thing once, and two things at one place', () => {
    const findings = [at(1), at(1, 'CODE_MODEL_KEPT')];
    const once = annotate('a;\nb;\n', findings);
    expect(once.match(/TODO/g)).toHaveLength(2);
    expect(annotate(once, [at(3), at(3, 'CODE_MODEL_KEPT')])).toBe(once);
  });
});
