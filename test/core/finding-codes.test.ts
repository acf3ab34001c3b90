import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { FINDINGS } from '../../src/core/finding-codes.js';

const SOURCE = join(import.meta.dirname, '../../src');

/** Sets of codes are there to look codes up. */
const ASKED = /new Set(<[^>]*>)?\(\[[^\]]*\]\)/g;

/** Codes that the source says of something, and does not only ask for; that each is documented, the compiler sees to. */
function emitted(): Set<string> {
  const texts = readdirSync(SOURCE, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts') && !path.startsWith(join('core', 'findings')))
    .map((path) => readFileSync(join(SOURCE, path), 'utf8').replace(ASKED, ''));
  return new Set(
    texts.flatMap((text) =>
      [...text.matchAll(/(?<!(?:[=!]== |case ))'([A-Z]+(?:_[A-Z]+)+)'/g)].map(([, code]) => code ?? ''),
    ),
  );
}

it('every documented code is that of some finding', () => {
  const codes = emitted();
  expect(Object.keys(FINDINGS).filter((code) => !codes.has(code))).toEqual([]);
});
