import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Context } from '../../src/commands/command.js';
import { inspectCommand } from '../../src/commands/inspect.js';
import { provisionCommand } from '../../src/commands/provision.js';
import type { Finding } from '../../src/core/finding.js';
import { NO_OPTIONS } from '../support/context.js';
import { configOf, merge } from '../support/follow-hint.js';
import { type Legacy, legacyDatabase } from '../support/legacy.js';
import { withSession } from '../support/postgres.js';
import { BEFORE } from './before.js';

const SCHEMA = `
  CREATE TABLE companies (id text PRIMARY KEY, name text);
  CREATE TABLE patients (id serial PRIMARY KEY, company_id text REFERENCES companies, name text);
  CREATE TABLE users (id serial PRIMARY KEY, email text);
  INSERT INTO companies VALUES ('1', 'One'), ('2', 'Two');
  INSERT INTO patients (company_id, name) VALUES ('1', 'a'), ('2', 'b');
  INSERT INTO users (email) VALUES ('a'), ('b');`;

let legacy: Legacy;
const config: Record<string, unknown> = { tables: { users: { scope: 'central' } } };
beforeAll(async () => {
  legacy = await legacyDatabase(SCHEMA, config);
  merge(config, { legacy: { url: '${LEGACY}' }, clinics: { database: `${legacy.prefix}_{key}` } });
});
afterAll(() => legacy.drop());

const run = (sql: string): Promise<void> =>
  withSession(legacy.database.url, (session) => session.execute(`SET search_path = public; ${sql}`));

/** All that is said before anything is made. */
async function said(context: Context): Promise<Finding[]> {
  const inspected = await inspectCommand.run(context, [], NO_OPTIONS);
  const foreseen = await provisionCommand.run(context, [], { ...NO_OPTIONS, dryRun: true });
  // Whether the application can live without a constraint is for a person to say.
  return [...inspected.findings, ...foreseen.findings].filter(({ code }) => code !== 'TENANCY_CROSSING_KEY');
}

const codesOf = (findings: readonly Finding[]): string[] =>
  [...new Set(findings.map(({ code }) => code))].sort();

it('what is found before anything is made ends when each hint is followed to the letter', async () => {
  expect(codesOf(await said(legacy.context))).toEqual([]);
  for (const { plant } of BEFORE) await run(plant);
  for (const { config: more } of BEFORE) merge(config, more ?? {});
  // Findings of the map keep provision from saying more, so that some come only when others have ended.
  const seen = new Set<string>();
  for (let round = 0; round < 4; round += 1) {
    const found = await said(await legacy.configured(config));
    for (const { code } of found) seen.add(code);
    for (const each of BEFORE) {
      const own = found.filter(({ code, subject }) => code === each.code && subject?.includes(each.subject));
      if (own.length === 0) continue;
      if (each.byHand !== undefined) await run(each.byHand);
      else
        for (const { code, hint = '' } of own) {
          const lines = configOf(hint);
          expect(lines, `${code}: ${hint}`).not.toEqual({});
          merge(config, lines);
        }
    }
  }
  expect([...seen].sort()).toEqual(
    codesOf(BEFORE.map(({ code }) => ({ code, severity: 'error', message: '' }))),
  );
  expect(codesOf(await said(await legacy.configured(config)))).toEqual([]);
});
