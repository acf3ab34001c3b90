import type { Session } from '../core/ports.js';

/** A setting as pg_db_role_setting has it: its value is the text that the server stored. */
export interface Setting {
  readonly name: string;
  readonly value: string;
}

/** A setting with whom it is for: `database` is false where it holds in every database. */
export interface AppliedSetting extends Setting {
  readonly database: boolean;
  /** NULL where it is for all roles. */
  readonly role: string | null;
  /** Who may set it (pg_settings.context); NULL where the server does not know it, or does not say. */
  readonly context: string | null;
}

const SETTINGS = `
  SELECT s.setdatabase <> 0 AS database, r.rolname::text AS role, c.name, c.value, p.context
    FROM pg_catalog.pg_db_role_setting s
    LEFT JOIN pg_catalog.pg_roles r ON r.oid = s.setrole
   CROSS JOIN LATERAL (
      SELECT pg_catalog.split_part(e.entry, '=', 1) AS name,
             pg_catalog.substr(e.entry, pg_catalog.strpos(e.entry, '=') + 1) AS value
        FROM pg_catalog.unnest(s.setconfig) AS e (entry)) AS c
    LEFT JOIN pg_catalog.pg_settings p ON pg_catalog.lower(p.name) = pg_catalog.lower(c.name)
   WHERE s.setdatabase IN (0, (SELECT oid FROM pg_catalog.pg_database WHERE datname = $1))
     AND (s.setrole = 0 OR r.rolname IS NOT NULL)
   ORDER BY 1, 2 NULLS FIRST, c.name COLLATE "C"`;

/** What a database of this server, and every role in it, is set to; the current one where none is named. */
export async function readSettings(session: Session, database?: string): Promise<AppliedSetting[]> {
  const name = database ?? (await currentDatabase(session));
  return session.query<AppliedSetting & Record<string, unknown>>(SETTINGS, [name]);
}

async function currentDatabase(session: Session): Promise<string> {
  const [row] = await session.query<{ name: string }>('SELECT pg_catalog.current_database()::text AS name');
  return row?.name ?? '';
}

/**
 * Those of these settings that the session's role may put into a database: of what the server does not know yet, only
 * a superuser may say anything, or who was granted SET on it.
 */
export async function maySet(session: Session, settings: readonly Setting[]): Promise<Set<string>> {
  const rows = await session.query<{ name: string }>(
    `SELECT n.name FROM pg_catalog.unnest($1::text[]) AS n (name)
       LEFT JOIN pg_catalog.pg_settings p ON pg_catalog.lower(p.name) = pg_catalog.lower(n.name)
      WHERE p.context IN ('user', 'backend')
         OR (pg_catalog.strpos(n.name, '.') > 0 AND pg_catalog.has_parameter_privilege(n.name, 'SET'))`,
    [settings.map(({ name }) => name)],
  );
  return new Set(rows.map(({ name }) => name));
}
