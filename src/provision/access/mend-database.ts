import { readSettings } from '../../catalog/read-settings.js';
import { ownSettings, resetClause, type SettingsPlan, settingChanges } from '../../catalog/settings.js';
import type { Finding } from '../../core/finding.js';
import { quoteIdent } from '../../core/identifiers.js';
import type { Session } from '../../core/ports.js';
import { notMended, tryEach } from './try-each.js';

const STATE = `
  SELECT datallowconn AS open, pg_catalog.array_remove(ARRAY[
           CASE WHEN NOT datallowconn THEN 'ALLOW_CONNECTIONS true' END,
           CASE WHEN datconnlimit > -1 THEN 'CONNECTION LIMIT -1' END,
           CASE WHEN datistemplate THEN 'IS_TEMPLATE false' END], NULL) AS clauses
    FROM pg_catalog.pg_database WHERE datname = $1`;

/**
 * Opens a clinic's database that was shut, or limited, and takes away what it is set to and should not be, before any session
 * of ours is in it: that could be read-only, or load somebody's code. `isShut`: it could not be opened.
 */
export async function mendDatabase(
  server: Session,
  database: string,
  plan: SettingsPlan,
): Promise<{
  readonly outcome: 'mended' | 'kept';
  readonly isShut: boolean;
  readonly findings: readonly Finding[];
}> {
  const due = await differences(server, database, plan);
  await tryEach(server, due);
  // A statement without effect is a warning to the server, and to nobody else.
  const left = due.length === 0 ? [] : await differences(server, database, plan);
  const [row] = await server.query<{ open: boolean }>(STATE, [database]);
  return {
    outcome: due.length === 0 ? 'kept' : 'mended',
    isShut: row?.open === false,
    findings: left.map((statement) => notMended(server, database, `the database ${database}`, statement)),
  };
}

async function differences(server: Session, database: string, plan: SettingsPlan): Promise<string[]> {
  const [row] = await server.query<{ clauses: readonly string[] }>(STATE, [database]);
  if (row === undefined) return [];
  const present = ownSettings(await readSettings(server, database), undefined).database;
  const alter = `ALTER DATABASE ${quoteIdent(database)}`;
  return [
    ...row.clauses.map((clause) => `${alter} WITH ${clause}`),
    ...settingChanges(plan.database, present, plan.left).reset.map((name) => `${alter} ${resetClause(name)}`),
  ];
}
