import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { withDatabase, withLogin } from '../../src/core/urls.js';
import { adminUrl, createDatabase, type TestDatabase } from '../support/postgres.js';
import { hasTerminal, openTerminal } from '../support/terminal.js';

const PROGRAM = join(import.meta.dirname, '../../bin/clinic-migrate.js');
const COMMANDS = ['init', 'inspect', 'provision', 'split', 'verify', 'codemod', 'scaffold', 'demo'];

let folder: string;
let database: TestDatabase;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'cli-'));
  database = await createDatabase(
    'CREATE TABLE companies (id int PRIMARY KEY, name text); CREATE TABLE patients (id int, company_id int REFERENCES companies); INSERT INTO companies VALUES (1)',
  );
});
afterAll(async () => {
  rmSync(folder, { recursive: true });
  await database.drop();
});

/** Runs the built program as a user would, in a folder that holds this configuration. */
function run(args: readonly string[], config = '', env: Record<string, string> = {}, timeout = 600_000) {
  writeFileSync(join(folder, 'clinic-migrate.config.mjs'), `export default {${config}};`);
  const { PATH = '' } = process.env;
  const { status, stdout, stderr } = spawnSync(process.execPath, [PROGRAM, ...args], {
    cwd: folder,
    encoding: 'utf8',
    timeout,
    env: { PATH, ...env },
  });
  return { status, stdout, stderr };
}

const config = (url: string, more = ''): string =>
  `legacy: { url: ${JSON.stringify(url)} }, central: { url: ${JSON.stringify(url)} }, servers: { main: { url: ${JSON.stringify(url)} } }, ${more}`;

describe('clinic-migrate', () => {
  it.each(COMMANDS)('%s --help shows what it is for, with examples', (command) => {
    const { status, stdout } = run([command, '--help']);
    expect(status).toBe(0);
    expect(stdout).toMatch(/Examples:\n {2}# .+\n {2}\$ clinic-migrate /);
    expect(stdout).toContain('--reporter <name>');
    expect(stdout).toContain('--dry-run');
  });

  it('prints its version', () => {
    expect(run(['--version']).stdout.trim()).toMatch(/^\d+\.\d+\.\d+$/);
  });

  it('prints one JSON object for a script', () => {
    const { status, stdout } = run(['inspect', '--reporter', 'json'], config(database.url));
    const report = JSON.parse(stdout);
    expect(report).toMatchObject({
      command: 'inspect',
      ok: true,
      tables: [
        { name: 'public.companies', scope: 'clinic', rule: 'id', evidence: 'clinic table', rows: 1 },
        { name: 'public.patients', scope: 'clinic', rule: 'company_id', evidence: 'foreign key', rows: 0 },
      ],
    });
    expect(status).toBe(0);
  });

  it('writes its result to a file instead', () => {
    const { stdout } = run(['inspect', '--reporter', 'json', '--output', 'out.json'], config(database.url));
    expect(stdout).toBe('');
    expect(JSON.parse(readFileSync(join(folder, 'out.json'), 'utf8')).command).toBe('inspect');
  });

  it.each([
    ['an unknown command', ['splitt'], '', /Did you mean split/],
    ['an unknown flag', ['split', '--forse'], '', /--forse/],
    ['an unknown key', ['inspect'], "legcy: { url: 'x' }", /legcy.*legacy/s],
    ['an unset variable', ['inspect'], "legacy: { url: '${NOT_SET_ANYWHERE}' }", /NOT_SET_ANYWHERE/],
    ['a missing section', ['inspect'], '', /section legacy is missing/],
    ['a check that does not exist', ['verify', 'dta'], '', /Did you mean data/],
    ['a folder without an application', ['codemod', 'nowhere'], '', /does not use Sequelize/],
  ])('answers %s with exit code 2 and what to do', (_, args, text, message) => {
    const { status, stdout, stderr } = run(args, text);
    expect(stderr).toMatch(message);
    expect(stderr).not.toContain('    at ');
    expect(stdout).toBe('');
    expect(status).toBe(2);
  });

  it('answers a table that does not exist with exit code 2, and the near miss', () => {
    const { status, stderr } = run(
      ['inspect'],
      config(database.url, "tables: { patiens: { scope: 'shared' } }"),
    );
    expect(stderr).toMatch(/patiens.*\n?.*patients/);
    expect(status).toBe(2);
  });

  it('answers a clinic that does not exist with exit code 2', () => {
    const { status, stderr } = run(['provision', 'nobody'], config(database.url));
    expect(stderr).toContain('no clinic has the key, name or database "nobody"');
    expect(status).toBe(2);
  });

  it('answers wrong credentials and a server that is not there with exit code 3, and no password', () => {
    const wrong = run(['inspect'], config(withLogin(database.url, 'nobody_at_all', 'hunter2')));
    expect(wrong.stderr).toMatch(/cannot connect to nobody_at_all@.*(28P01|28000)/);
    expect(wrong.stderr).not.toContain('hunter2');
    expect(wrong.status).toBe(3);
    const nowhere = run(['inspect'], config('postgres://someone:hunter2@127.0.0.1:1/none'));
    expect(nowhere.stderr).toContain('ECONNREFUSED');
    expect(nowhere.stderr).not.toContain('hunter2');
    expect(nowhere.status).toBe(3);
    const absent = run(['inspect'], config(withDatabase(adminUrl(), 'no_such_database')));
    expect(absent.stderr).toContain('3D000');
    expect(absent.status).toBe(3);
  });

  const [BAD, GOOD] = ['bad', 'good'];
  it.each([
    'postgrs://app:hunter2@127.0.0.1:1/db',
    'http://app:hunter2@127.0.0.1:1/db',
    'postgres:///db?hunter2',
    'postgres://app:hunter2@127.0.0.1:1/my db',
    ' postgres://app:hunter2@127.0.0.1:1/db',
    'postgres://app:1#hunter2@127.0.0.1:1/db',
    'postgres://app:hunter2@127.0.0.1:1/db?host=other',
    'postgres://app:hunter2@127.0.0.1:1/db?sslmode=disable&dbname=other',
    'hunter2',
  ])('refuses a bad URL before anything is opened, wherever it stands: %s', (url) => {
    for (const [key, args, places] of [
      ['legacy.url', ['inspect'], [BAD, GOOD, GOOD]],
      ['legacy.url', ['provision'], [BAD, GOOD, GOOD]],
      ['central.url', ['provision'], [GOOD, BAD, GOOD]],
      ['servers.main.url', ['provision'], [GOOD, GOOD, BAD]],
      ['central.url', ['split'], [GOOD, BAD, GOOD]],
      ['servers.main.url', ['split'], [GOOD, GOOD, BAD]],
      ['legacy.url', ['verify', 'data'], [BAD, GOOD, GOOD]],
      ['legacy.url', ['verify', 'access'], [BAD, GOOD, GOOD]],
      ['servers.main.url', ['verify', 'access'], [GOOD, GOOD, BAD]],
    ] as const) {
      const [legacy, central, server] = places.map((which) =>
        JSON.stringify(which === BAD ? url : 'postgres://app:hunter2@127.0.0.1:1/db'),
      );
      const { status, stderr } = run(
        args,
        `legacy: { url: ${legacy} }, central: { url: ${central} }, servers: { main: { url: ${server} } }`,
        {},
        60_000,
      );
      expect(stderr, args.join(' ')).toMatch(
        new RegExp(`^error .*: ${key.replaceAll('.', '\\.')} (is|names) .*\n  .*\n$`),
      );
      expect(stderr).not.toContain('hunter2');
      expect(status).toBe(2);
    }
    const empty = mkdtempSync(join(folder, 'empty-'));
    const { status, stderr } = spawnSync(process.execPath, [PROGRAM, 'init', '--yes', '--url', url], {
      cwd: empty,
      encoding: 'utf8',
      timeout: 60_000,
    });
    expect(stderr).toMatch(/^error --url (is|names) /);
    expect(stderr).not.toContain('hunter2');
    expect(status).toBe(2);
  });

  it('answers in a clone that was not built with what to run', () => {
    const clone = join(folder, 'clone');
    mkdirSync(join(clone, 'bin'), { recursive: true });
    writeFileSync(join(clone, 'package.json'), '{ "type": "module" }');
    copyFileSync(PROGRAM, join(clone, 'bin/clinic-migrate.js'));
    const { status, stderr } = spawnSync(process.execPath, [join(clone, 'bin/clinic-migrate.js')], {
      encoding: 'utf8',
    });
    expect(stderr).toBe(
      `error clinic-migrate has not been built yet: run npm ci && npm run build in "${clone}/"\n`,
    );
    expect(status).toBe(3);
  });

  describe.runIf(hasTerminal())('on a terminal', () => {
    const inspect = async (columns: number): Promise<{ code: number | null; screen: string }> => {
      writeFileSync(join(folder, 'clinic-migrate.config.mjs'), `export default {${config(database.url)}};`);
      return openTerminal(
        `timeout -k 1 30 ${process.execPath} ${PROGRAM} inspect`,
        folder,
        { NO_COLOR: '1' },
        columns,
      ).end();
    };
    it('shows what it does where there is room', async () => {
      const { code, screen } = await inspect(120);
      expect(screen).toContain('Reading the legacy database');
      expect(code).toBe(0);
    });
    it('shows nothing but the result where the terminal has no width, and comes to an end', async () => {
      const { code, screen } = await inspect(0);
      expect(screen).not.toContain('Reading the legacy database');
      expect(screen).toContain('public.patients');
      expect(screen.length).toBeLessThan(5000);
      expect(code).toBe(0);
    });
  });

  it('shows no colour where nobody asked for any, and some with FORCE_COLOR but not with NO_COLOR', () => {
    const colour = '\u001b[';
    expect(run(['inspect'], config(database.url)).stdout).not.toContain(colour);
    expect(run(['inspect'], config(database.url), { FORCE_COLOR: '1' }).stdout).toContain(colour);
    expect(run(['inspect'], config(database.url), { FORCE_COLOR: '1', NO_COLOR: '1' }).stdout).not.toContain(
      escape,
    );
  });
});
