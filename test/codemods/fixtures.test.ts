import { createRequire } from 'node:module';
import { beforeAll, describe, expect, it } from 'vitest';
import { planMigration } from '../../src/codemods/migrate.js';
import { migrate } from '../../src/codemods/proof/prove.js';
import { openProject } from '../../src/project/source/open-project.js';
import { HANDS, inHand, inputOf, readCases } from './case.js';
import { brief } from './fixture.js';

/** The parsers of jscodeshift, which are Babel's. */
const getParser = createRequire(import.meta.url)('jscodeshift/src/getParser') as (name: 'babylon' | 'ts') => {
  parse(source: string): unknown;
};

const cases = readCases();

it('are at least 120, and at least 30 of them are left alone or reported', () => {
  expect(cases.length).toBeGreaterThanOrEqual(120);
  const isLeft = ({ input, expected, findings }: (typeof cases)[number]): boolean =>
    findings.some((line) => !line.startsWith('CODE_CONNECTION_LEFT') && !line.startsWith('CODE_NO_START')) ||
    [...input].every(([path, text]) => expected.get(path) === text);
  expect(cases.filter(isLeft).length).toBeGreaterThanOrEqual(30);
});

describe.each(cases)('$codemod: $name', (one) => {
  const { input, expected, own, hasBase } = one;
  const inputFor = (files: ReadonlyMap<string, string>) => inputOf(one, files);
  let migrated: ReturnType<typeof migrate>;
  let result: ReadonlyMap<string, string>;

  // Not while the cases are gathered, so that one of them can be run alone: `-t 'services: accessor'`.
  beforeAll(() => {
    migrated = migrate(inputFor(input));
    result = new Map([...input, ...migrated.changes]);
  });

  it('becomes what the fixture says, byte for byte', () => {
    expect(Object.fromEntries(result)).toEqual(Object.fromEntries(expected));
  });

  it('says what was left and why', () => {
    const { findings } = migrated;
    const said = hasBase ? findings.filter(({ location }) => own.has(location?.file ?? '')) : findings;
    expect(brief(said)).toEqual(one.findings);
  });

  it('is left alone by a second run', () => {
    expect([...planMigration(inputFor(result)).changes.keys()]).toEqual([]);
  });

  it('parses, for two parsers', () => {
    const { sources, app } = inputFor(result);
    const project = openProject(sources, app);
    for (const path of migrated.changes.keys()) {
      const file = project.file(path);
      expect(file && project.syntaxErrors(file).map(({ messageText }) => messageText), path).toEqual([]);
      const parser = getParser(/\.[cm]?ts$/.test(path) ? 'ts' : 'babylon');
      expect(() => parser.parse(result.get(path) ?? ''), path).not.toThrow();
    }
  });

  it.each(Object.keys(HANDS))('keeps %s', (hand) => {
    const other = inHand(one, hand);
    const changed = migrate(inputFor(other.input)).changes;
    expect(Object.fromEntries([...other.input, ...changed])).toEqual(Object.fromEntries(other.expected));
  });
});
