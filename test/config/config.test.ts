import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { nodeFiles } from '../../src/adapters/files.js';
import { loadConfig } from '../../src/config/load-config.js';
import { requireSection, requireServers } from '../../src/config/sections.js';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'clinic-migrate-config-'));
});

afterEach(() => rm(folder, { recursive: true, force: true }));

async function load(files: Record<string, string>, env: Record<string, string> = {}, directory = folder) {
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
  return loadConfig({ directory, file: undefined, env, files: nodeFiles });
}

describe('the configuration file', () => {
  const contents = { legacy: { url: 'postgres://localhost/legacy' }, clinics: { table: 'companies' } };
  const json = JSON.stringify(contents);

  test.each([
    ['json', json],
    ['yaml', 'legacy: { url: postgres://localhost/legacy }\nclinics: { table: companies }'],
    ['yml', 'legacy:\n  url: postgres://localhost/legacy\nclinics:\n  table: companies'],
    ['js', `module.exports = ${json}`],
    ['mjs', `import { defineConfig } from 'clinic-migrate';\nexport default defineConfig(${json})`],
    [
      'ts',
      `import { defineConfig } from 'clinic-migrate';\nconst config: object = ${json};\nexport default defineConfig(config as never)`,
    ],
  ])('is read as .%s', async (ending, text) => {
    const { config } = await load({ [`clinic-migrate.config.${ending}`]: text });
    expect(config.legacy).toEqual({ url: 'postgres://localhost/legacy', schemas: ['public'] });
    expect(config.clinics).toEqual({ table: 'companies', database: 'clinic_{key}', server: 'main' });
  });

  test('is found in a folder above, and app.root is resolved against it', async () => {
    await mkdir(join(folder, 'a/b'), { recursive: true });
    const { config } = await load(
      { 'clinic-migrate.config.json': '{"app":{"root":"app"}}' },
      {},
      join(folder, 'a/b'),
    );
    expect(config.directory).toBe(folder);
    expect(config.app.root).toBe(join(folder, 'app'));
  });

  test('cannot be changed once it is loaded', async () => {
    const { config } = await load({ 'clinic-migrate.config.json': json });
    expect(() => Object.assign(config.clinics, { table: 'other' })).toThrow(TypeError);
  });
});

describe('a mistake in the configuration', () => {
  const cases: [string, object, string, string?][] = [
    ['an unknown key', { legcy: {} }, 'unknown key legcy', 'Did you mean legacy?'],
    ['an unknown nested key', { app: { servr: 'x' } }, 'unknown key app.servr', 'Did you mean server?'],
    [
      'an unknown key of a table',
      { tables: { notes: { scop: 'clinic' } } },
      'unknown key tables.notes.scop',
      'Did you mean scope?',
    ],
    [
      'an unknown key within a union',
      { tables: { notes: { via: { colum: 'a', references: 'b.c' } } } },
      'tables.notes.via',
    ],
    [
      'a wrong scope',
      { tables: { notes: { scope: 'klinik' } } },
      'tables.notes.scope must be "clinic", "shared"',
    ],
    [
      'a pattern that names every database alike',
      { clinics: { database: 'clinic' } },
      'must contain {key} or {label}',
    ],
    ['a missing member', { legacy: {} }, 'legacy.url is missing'],
  ];
  test.each(cases)('%s is named in one line', async (_what, content, message, hint) => {
    const failing = load({ 'clinic-migrate.config.json': JSON.stringify(content) });
    await expect(failing).rejects.toMatchObject({ exitCode: 2, ...(hint === undefined ? {} : { hint }) });
    await expect(failing).rejects.toThrow(message);
    await expect(failing).rejects.toThrow(/^[^\n]*$/);
  });

  test('a file that does not parse is named', async () => {
    await expect(load({ 'clinic-migrate.config.json': '{' })).rejects.toMatchObject({ exitCode: 2 });
  });

  test('a file named on the command line must exist', async () => {
    const named = loadConfig({ directory: folder, file: 'nowhere.json', env: {}, files: nodeFiles });
    await expect(named).rejects.toThrow('nowhere.json does not exist');
  });
});

describe('${VARIABLES}', () => {
  const config =
    '{"legacy":{"url":"postgres://u:${PASS}@localhost/x"},"servers":{"main":{"url":"${SERVER}"}}}';

  test('come from the environment first, then from .env beside the file', async () => {
    const files = {
      'clinic-migrate.config.json': config,
      '.env': 'PASS=from-file\nSERVER=postgres://localhost/s',
    };
    const { config: loaded, env } = await load(files, { PASS: 'from-env' });
    expect(loaded.legacy?.url).toBe('postgres://u:from-env@localhost/x');
    expect(loaded.servers.main?.url).toBe('postgres://localhost/s');
    expect(env.SERVER).toBe('postgres://localhost/s');
  });

  test('that are unset are an error for the command that needs the section, and for no other', async () => {
    const { config: loaded } = await load(
      { 'clinic-migrate.config.json': config },
      { SERVER: 'postgres://localhost/s' },
    );
    expect(requireServers(loaded)).toEqual({ main: { url: 'postgres://localhost/s' } });
    expect(() => requireSection(loaded, 'legacy')).toThrow(
      /legacy\.url needs the environment variable PASS, which is not set$/,
    );
  });

  test('that are unset elsewhere are an error at once', async () => {
    const failing = load({ 'clinic-migrate.config.json': '{"app":{"root":"${WHERE}"}}' });
    await expect(failing).rejects.toThrow('app.root needs the environment variable WHERE');
  });

  test('without a file, the missing file is what is wrong', async () => {
    const { config: loaded } = await load({});
    expect(() => requireSection(loaded, 'central')).toThrow('there is no clinic-migrate.config.* in');
  });
});
