import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createTwoFilesPatch } from 'diff';
import { expect, it } from 'vitest';
import { migrate } from '../../src/codemods/proof/prove.js';
import { inputFor, readTree } from '../codemods/fixture.js';

const APP = join(import.meta.dirname, '../../fixtures/apps/medicalpro');
/** Read by a person whenever it changes: `UPDATE_DIFF=1 npx vitest run test/demo/migrated-diff.test.ts`, then git diff. */
const KEPT = join(import.meta.dirname, '../../fixtures/apps/medicalpro.migrated.diff');

it('turns the sample application into what a person has read', () => {
  const files = readTree(APP);
  const { changes } = migrate(inputFor(files));
  const diff = [...changes]
    .map(([path, text]) => {
      const name = path.replace(/^\/app\//, '');
      return createTwoFilesPatch(`a/${name}`, `b/${name}`, files.get(path) ?? '', text, '', '', {
        context: 2,
      });
    })
    .join('');
  if (process.env.UPDATE_DIFF === '1') writeFileSync(KEPT, diff);
  expect(diff).toBe(readFileSync(KEPT, 'utf8'));
});
