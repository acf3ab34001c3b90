import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { elements, parseXml, textOf } from '../support/parse-xml.js';
import { createDatabase, type TestDatabase } from '../support/postgres.js';

const PROGRAM = join(import.meta.dirname, '../../bin/clinic-migrate.js');
const HOSTILE = '<script>alert("&amp;")</script>';
const LONG = `${'x'.repeat(40)}_${'y'.repeat(22)}`;
const SCRIPT = `
  CREATE TABLE companies (id int PRIMARY KEY, name text);
  INSERT INTO companies VALUES (1, '<img src=x onerror=alert(1)>'), (2, E'a\\tb & "c"');
  CREATE TABLE users (id int PRIMARY KEY, company_id int REFERENCES companies);
  CREATE TABLE staff (id int PRIMARY KEY);
  CREATE TABLE patients (id int PRIMARY KEY, company_id int NOT NULL REFERENCES companies,
    made_by int REFERENCES users, seen_by int REFERENCES staff);
  INSERT INTO patients VALUES (1, 1), (2, 2);
  CREATE TABLE "${HOSTILE.replaceAll('"', '""')}" (id int PRIMARY KEY, "<b>" int NOT NULL REFERENCES patients);
  CREATE TABLE ${LONG} (id int, company_id int REFERENCES companies);
  CREATE TABLE "what's
    this" (id int);`;
const TABLES = "tables: { users: { scope: 'central' }, staff: { scope: 'central', copyReferenced: true } }";

let folder: string;
let database: TestDatabase;
let svg: ReturnType<typeof inspect>;
let html: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'picture-'));
  database = await createDatabase(SCRIPT);
  writeFileSync(
    join(folder, 'clinic-migrate.config.mjs'),
    `export default { legacy: { url: ${JSON.stringify(database.url)} }, ${TABLES} };`,
  );
  svg = inspect('--reporter', 'svg');
  html = inspect('--reporter', 'html').stdout;
});
afterAll(async () => {
  rmSync(folder, { recursive: true });
  await database.drop();
});

function inspect(...args: string[]) {
  const { PATH = '' } = process.env;
  const { status, stdout, stderr } = spawnSync(process.execPath, [PROGRAM, 'inspect', ...args], {
    cwd: folder,
    encoding: 'utf8',
    env: { PATH },
  });
  return { status, stdout, stderr };
}

const NAMES = ['companies', 'patients', 'staff', 'users', HOSTILE, LONG, "what's\n    this"].map(
  (name) => `public.${name}`,
);
const sorted = (texts: readonly string[]): string[] => [...texts].sort();

describe('inspect --reporter svg', () => {
  it('draws every table of a real database once, and a line for each rule that decides', () => {
    expect(svg).toMatchObject({ status: 1, stderr: '' });
    const document = parseXml(svg.stdout);
    expect(document.documentElement?.tagName).toBe('svg');
    const names = elements(document, 'g', 'node').map((each) => textOf(each, 'title').split(' · ')[0] ?? '');
    expect(sorted(names)).toEqual(sorted(NAMES));
    const titles = (kind: string): string[] =>
      sorted(
        elements(document, 'g', 'edge').flatMap((each) =>
          each.getAttribute('class') === `edge ${kind}` ? [textOf(each, 'title').replace(/ \(.*/s, '')] : [],
        ),
      );
    expect(titles('rule')).toEqual(
      sorted([
        'public.patients: company_id → public.companies',
        `public.${HOSTILE}: <b> → public.patients`,
        `public.${LONG}: company_id → public.companies`,
      ]),
    );
    expect(titles('dropped')).toEqual(['public.patients: made_by → public.users']);
    expect(titles('copied')).toEqual(['public.patients: seen_by → public.staff']);
  });

  it('writes the same bytes for the same database', () => {
    expect(inspect('--reporter', 'svg', '--output', 'tenancy.svg').stdout).toBe('');
    expect(readFileSync(join(folder, 'tenancy.svg'), 'utf8')).toBe(svg.stdout);
  });
});

describe('inspect --reporter html', () => {
  it('makes one page of its own: picture, tables, clinics, crossing keys, findings', () => {
    const document = parseXml(html);
    expect(elements(document, 'svg')).toHaveLength(1);
    const headings = elements(document, 'h2').map(({ textContent }) => textContent);
    expect(headings).toEqual([
      'Tenancy map',
      'Tables',
      'Clinics',
      'Foreign keys between databases TENANCY_CROSSING_KEY TENANCY_COPY_REFERENCED',
      'Findings',
    ]);
    const cells = elements(document, 'table').map((table) =>
      [...table.getElementsByTagName('tr')].map((row) =>
        [...row.childNodes].map(({ textContent }) => textContent ?? ''),
      ),
    );
    expect(cells[0]?.[0]).toEqual(['table', 'scope', 'whose a row is', 'evidence', 'rows']);
    expect(sorted(cells[0]?.slice(1).map(([name = '']) => name) ?? [])).toEqual(sorted(NAMES));
    expect(cells[1]?.map((row) => row[1])).toEqual([
      'name',
      '<img src=x onerror=alert(1)>',
      'a\\u{9}b & "c"',
    ]);
    expect(cells[2]?.slice(1)).toEqual([
      ['public.patients', 'patients_made_by_fkey', 'public.users', 'dropped; the values stay'],
      ['public.patients', 'patients_seen_by_fkey', 'public.staff', 'kept; the rows referred to are copied'],
    ]);
    const [error] = elements(document, 'li', 'error');
    expect(error?.textContent).toMatch(/TENANCY_UNRESOLVED.*what's\n {4}this.*tables: \{/s);
  });

  it('loads and runs nothing, whatever the database holds', () => {
    const document = parseXml(html);
    for (const name of ['script', 'img', 'b', 'link', 'iframe', 'foreignObject', 'a'])
      expect(elements(document, name)).toEqual([]);
    const used = [...document.getElementsByTagName('*')].flatMap((element) =>
      [...element.attributes].flatMap(({ name, value }) =>
        /^on|href|src/.test(name) ? [`${name}=${value}`] : [],
      ),
    );
    expect(used).toEqual([]);
    expect(html.replaceAll(/url\(#[\w-]+\)/g, '')).not.toMatch(
      /url\(|@import|https?:(?!\/\/www\.w3\.org\/2000\/svg")/,
    );
    expect(html).toContain("default-src 'none'");
  });

  it('gives every table a heading for each column and row', () => {
    const document = parseXml(html);
    for (const table of elements(document, 'table')) {
      const rows = [...table.getElementsByTagName('tr')];
      const scopes = rows.map((row) =>
        [...row.getElementsByTagName('th')].map((cell) => cell.getAttribute('scope')),
      );
      const [head, ...others] = rows.map((row) => row.childNodes.length);
      expect(scopes).toEqual([Array(head).fill('col'), ...others.map(() => ['row'])]);
      expect(document.getElementById(table.getAttribute('aria-labelledby') ?? '')).not.toBeNull();
    }
  });

  it('writes the same bytes for the same database', () => {
    expect(inspect('--reporter', 'html').stdout).toBe(html);
  });
});

describe('inspect', () => {
  it('lists the foreign keys between databases once', () => {
    const { stdout } = inspect();
    expect(stdout).toMatch(
      /Foreign keys between databases {2}TENANCY_CROSSING_KEY, TENANCY_COPY_REFERENCED\n/,
    );
    expect(stdout.match(/patients_made_by_fkey/g)).toHaveLength(1);
    expect(stdout.match(/patients_seen_by_fkey/g)).toHaveLength(1);
    const { findings } = JSON.parse(inspect('--reporter', 'json').stdout) as { findings: { code: string }[] };
    expect(findings.map(({ code }) => code)).toContain('TENANCY_CROSSING_KEY');
  });
});
