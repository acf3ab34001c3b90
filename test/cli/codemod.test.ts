import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, watch, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { start } from '../support/program.js';
import { hasTerminal, openTerminal } from '../support/terminal.js';

const PROGRAM = join(import.meta.dirname, '../../bin/clinic-migrate.js');
/** How often the program is killed while it writes, and when: by the share of the files that are written. */
const KILLS = fc.sample(fc.double({ min: 0, max: 1, noNaN: true }), { seed: 20261125, numRuns: 5 });
const FILES = 60;

let root: string;

function put(path: string, text: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
}

/** Services that call one another and a route that calls the first: either all of them are rewritten or none. */
function putApplication(): void {
  rmSync(join(root, 'src'), { recursive: true, force: true });
  put('clinic-migrate.config.json', '{ "app": {} }');
  put(
    'src/models/Patient.js',
    "module.exports = (sequelize, DataTypes) => sequelize.define('Patient', { name: DataTypes.STRING });\n",
  );
  for (let i = 0; i < FILES; i += 1)
    put(
      `src/services/s${i}.js`,
      `const Patient = require('../models/Patient');\nconst next = require('./s${i + 1}');\n\nexports.run = async () => [await Patient.count(), await next.run()];\n`,
    );
  put(`src/services/s${FILES}.js`, 'exports.run = async () => [];\n');
  put(
    'src/routes/a.js',
    "const { run } = require('../services/s0');\n\nexports.a = async (req, res) => res.json(await run());\n",
  );
}

const contents = (): Record<string, string> =>
  Object.fromEntries(
    readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.js') || /\.js\.[0-9a-f]+$/.test(name))
      .sort()
      .map((name) => [name, readFileSync(join(root, 'src', name), 'utf8')]),
  );

const codemod = () => start(['codemod', 'src', '--force', '--quiet'], root, {});

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'codemod-cli-'));
  putApplication();
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

/** Kills a run at a share of what happens in the services' folder: new texts are put beside the files, then in their place. */
async function killAt(share: number): Promise<boolean> {
  const { child, ended } = codemod();
  let events = 0;
  const watcher = watch(join(root, 'src/services'), () => {
    events += 1;
    if (events > share * 4 * FILES) child.kill('SIGKILL');
  });
  const { code } = await ended;
  watcher.close();
  return code === null;
}

describe('codemod as a program', () => {
  it(`leaves nothing half written after ${KILLS.length} kills`, { timeout: 180_000 }, async () => {
    const before = contents();
    expect((await codemod().ended).code).toBe(0);
    const after = contents();
    expect(Object.keys(after)).toEqual(Object.keys(before));
    let killed = 0;
    for (const share of KILLS) {
      putApplication();
      if (await killAt(share)) killed += 1;
      const { code, stderr } = await codemod().ended;
      expect({ code, stderr }, `killed at ${share}`).toEqual({ code: 0, stderr: '' });
      expect(contents(), `killed at ${share}`).toEqual(after);
    }
    process.stdout.write(`${killed} kills survived\n`);
    expect(killed).toBeGreaterThan(0);
  });

  it.runIf(hasTerminal())(
    'asks for each file, and leaves one that is declined',
    { timeout: 60_000 },
    async () => {
      rmSync(join(root, 'src/services'), { recursive: true });
      rmSync(join(root, 'src/routes/a.js'));
      for (const name of ['a', 'b'])
        put(
          `src/routes/${name}.js`,
          "const Patient = require('../models/Patient');\n\nexports.a = async (req, res) => res.json(await Patient.count());\n",
        );
      const terminal = openTerminal(
        `"${process.execPath}" "${PROGRAM}" codemod src --force --interactive`,
        root,
        {},
      );
      for (const [name, keys] of [
        ['models/Patient', '\r'],
        ['routes/a', '\u001b[B\r'],
        ['routes/b', '\r'],
      ] as const) {
        await terminal.shows(`Rewrite src/${name}.js?`);
        await terminal.shows('yes to all');
        terminal.press(keys);
      }
      expect((await terminal.end()).screen).toContain('changed 2');
      expect(readFileSync(join(root, 'src/routes/a.js'), 'utf8')).not.toContain('ModelFactory');
      expect(readFileSync(join(root, 'src/routes/b.js'), 'utf8')).toContain('ModelFactory');
    },
  );
});
