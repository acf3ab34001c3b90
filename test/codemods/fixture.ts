import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import type { MigrationInput } from '../../src/codemods/migrate.js';
import type { AppConfig, Scope } from '../../src/config/types.js';
import { isTest } from '../../src/project/source/read-sources.js';
import { appConfig } from '../support/app-config.js';

/** Where the fixtures' applications are taken to be. */
const ROOT = '/app';

const APP = appConfig(ROOT);

const SCOPES: Record<string, Scope> = {
  companies: 'clinic',
  patients: 'clinic',
  appointments: 'clinic',
  practitioners: 'clinic',
  drugs: 'shared',
  users: 'central',
  audit_logs: 'central',
  sessions: 'ignored',
};

/** A folder's files as text, by their absolute path in the application. */
export function readTree(folder: string): Map<string, string> {
  const found = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => statSync(join(folder, name)).isFile())
    .sort();
  return new Map(
    found.map((name) => [`${ROOT}/${name.split(sep).join('/')}`, readFileSync(join(folder, name), 'utf8')]),
  );
}

/** What the codemods get for an application of these files. */
export function inputFor(files: ReadonlyMap<string, string>, app: Partial<AppConfig> = {}): MigrationInput {
  const sources = [...files].filter(([path]) => /\.[cm]?[jt]s$/.test(path));
  const inTests = ([path]: readonly [string, string]): boolean => isTest(ROOT, path);
  return {
    sources: {
      texts: new Map(sources.filter((one) => !inTests(one))),
      tests: new Map(sources.filter(inTests)),
      manifest: files.get(`${ROOT}/package.json`),
      compilerSettings: files.get(`${ROOT}/tsconfig.json`),
    },
    app: { ...APP, ...app },
    facts: { scopes: new Map(Object.entries(SCOPES)), clinicTable: 'public.companies' },
    isWanted: () => true,
  };
}

/** `CODE file:line`, sorted: a finding in short. */
export function brief(
  findings: readonly { code: string; location?: { file: string; line: number } }[],
): string[] {
  return findings
    .map(({ code, location }) => `${code} ${relative(ROOT, location?.file ?? ROOT)}:${location?.line ?? 0}`)
    .sort();
}
