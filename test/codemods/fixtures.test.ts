import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { planMigration } from '../../src/codemods/migrate.js';
import { migrate } from '../../src/codemods/prove.js';
import { brief, inputFor, readTree } from './fixture.js';

const FIXTURES = join(import.meta.dirname, '../../fixtures/codemods');

/** Every fixtures/codemods/<subject>/<case>/{before,after}, with findings.txt where something is to be said. */
const cases = readdirSync(FIXTURES).flatMap((subject) =>
  readdirSync(join(FIXTURES, subject)).map((name) => ({
    subject,
    name,
    folder: join(FIXTURES, subject, name),
  })),
);

describe.each(cases)('$subject: $name', ({ folder }) => {
  const before = readTree(join(folder, 'before'));
  const result = new Map([...before, ...migrate(inputFor(before)).changes]);

  it('becomes what the fixture says, byte for byte', () => {
    const after = join(folder, 'after');
    expect(Object.fromEntries(result)).toEqual(
      Object.fromEntries(existsSync(after) ? readTree(after) : before),
    );
  });

  it('says what was left and why', () => {
    const file = join(folder, 'findings.txt');
    const expected = existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : [];
    expect(brief(migrate(inputFor(before)).findings)).toEqual(expected);
  });

  it('is left alone by a second run', () => {
    expect([...planMigration(inputFor(result)).changes.keys()]).toEqual([]);
  });
});
