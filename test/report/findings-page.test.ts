import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { findingsPage } from '../../src/report/findings-page.js';

it('is what docs/findings.md says', () => {
  const page = readFileSync(join(import.meta.dirname, '../../docs/findings.md'), 'utf8');
  expect(page, 'run `npm run docs`').toBe(findingsPage());
});
