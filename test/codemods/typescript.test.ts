import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { migrate } from '../../src/codemods/proof/prove.js';
import { DECORATORS_PACKAGE } from '../../src/project/models/decorators.js';
import { readModels } from '../../src/project/models/registry.js';
import { openProject } from '../../src/project/source/open-project.js';
import { runtimeFiles } from '../../src/templates/runtime-files.js';
import { compile } from '../templates/compile.js';
import { type Case, readCases } from './case.js';
import { inputFor } from './fixture.js';

const PROJECT = join(import.meta.dirname, '../..');

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'typed-'));
  symlinkSync(join(PROJECT, 'node_modules'), join(folder, 'node_modules'));
  cpSync(join(PROJECT, 'fixtures/codemods/base/ts/package.json'), join(folder, 'package.json'));
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

const nameOf = ({ codemod, name }: Case): string => `${codemod}-${name}`;

function write(root: string, files: Iterable<readonly [string, string]>): void {
  for (const [path, text] of files) {
    const to = join(folder, 'src', root, path.replace('/app/', ''));
    mkdirSync(dirname(to), { recursive: true });
    writeFileSync(to, text);
  }
}

it('TypeScript that compiled before compiles after it, with the runtime files that scaffold writes', async () => {
  const cases = readCases().filter(({ name }) => name.endsWith('.ts'));
  expect(cases.length).toBeGreaterThan(5);
  for (const one of cases) {
    const { changes, findings } = migrate(inputFor(one.input));
    // Files that were left alone still use models of the old kind.
    if (findings.some(({ severity }) => severity === 'error')) continue;
    const result = new Map([...one.input, ...changes]);
    const { sources, app, facts } = inputFor(result);
    const models = readModels(openProject(sources, app), app, facts);
    const hasDecorators = [...result.values()].some((text) => text.includes(DECORATORS_PACKAGE));
    const form = { kind: 'ts', ending: '', hasDecorators } as const;
    const runtime = runtimeFiles(app, models, '{ logging: false }', form);
    write(`${nameOf(one)}-before`, one.input);
    write(`${nameOf(one)}-after`, [...result, ...runtime.map(({ path, text }) => [path, text] as const)]);
  }
  const said = await compile(folder, {
    module: 'ESNext',
    moduleResolution: 'Bundler',
    noEmit: true,
    experimentalDecorators: true,
  });
  const faulty = new Set([...said.matchAll(/^src\/([^/]+)-before\//gm)].map(([, name]) => name));
  const left = said.split('\n').filter((line) => {
    const after = /^src\/([^/]+)-after\//.exec(line)?.[1];
    return after !== undefined && !faulty.has(after);
  });
  expect(left).toEqual([]);
});
