import { inDatabase } from '../core/hints.js';
import type { Session } from '../core/ports.js';
import { nameOfAppLogin } from './app-login.js';
import { readStandingPath } from './read-name-path.js';
import { readSettings } from './read-settings.js';
import { type LeftSetting, planSettings, type SettingsPlan, setClause, withOwnSchema } from './settings.js';
import type { SchemaCatalog } from './types.js';

/** What the databases made of the legacy one are set to; `login` is the application's where it is configured. */
export async function readSettingsPlan(
  legacy: Session,
  catalog: Pick<SchemaCatalog, 'objects' | 'schemas'>,
  configured: string | undefined,
): Promise<SettingsPlan> {
  const login = await nameOfAppLogin(legacy, catalog.schemas, configured);
  const plan = planSettings(await readSettings(legacy), login, catalog, {
    standing: (await readStandingPath(legacy)).standing,
    own: await readOwnSchema(legacy, login),
  });
  return { ...plan, left: [...plan.left, ...(await readOwnPaths(legacy, catalog.schemas, login))] };
}

/** The schema that "$user" stands for where this role looks for names; undefined where there is none. */
async function readOwnSchema(legacy: Session, role: string): Promise<string | undefined> {
  const [row] = await legacy.query<{ name: string }>(
    'SELECT nspname::text AS name FROM pg_catalog.pg_namespace WHERE nspname = $1',
    [role],
  );
  return row?.name;
}

/** `user` is whoever the function runs as: its owner, or who calls it. */
const OWN_PATHS = `
  SELECT p.oid::pg_catalog.regprocedure::text AS name, CASE p.prokind WHEN 'p' THEN 'PROCEDURE' ELSE 'FUNCTION' END AS kind,
         pg_catalog.substr(c.entry, pg_catalog.strpos(c.entry, '=') + 1) AS value, pg_catalog.current_database()::text AS database,
         n.nspname::text AS own
    FROM pg_catalog.pg_proc p
   CROSS JOIN LATERAL pg_catalog.unnest(p.proconfig) AS c (entry)
    JOIN pg_catalog.pg_namespace n
      ON n.nspname = CASE WHEN p.prosecdef THEN pg_catalog.pg_get_userbyid(p.proowner) ELSE $2 END
   WHERE p.pronamespace IN (SELECT oid FROM pg_catalog.pg_namespace WHERE nspname = ANY ($1::text[]))
     AND c.entry LIKE 'search_path=%$user%'
   ORDER BY 1`;

/** What functions set "$user" to find is not where they run in a clinic's database. */
async function readOwnPaths(
  legacy: Session,
  schemas: readonly string[],
  login: string,
): Promise<LeftSetting[]> {
  const rows = await legacy.query<Record<'name' | 'kind' | 'value' | 'database' | 'own', string>>(OWN_PATHS, [
    schemas,
    login,
  ]);
  return rows.flatMap(({ name, kind, value, database, own }) => {
    const setting = { name: 'search_path', value };
    const plain = withOwnSchema(setting, own);
    if (plain.value === value) return [];
    return [
      {
        ...setting,
        of: `the ${kind.toLowerCase()} ${name}`,
        why: `"$user" is the schema ${own} there, and another role’s in a clinic’s database`,
        allowed: false,
        mend: inDatabase(database, `ALTER ${kind} ${name} ${setClause(plain)}`),
      },
    ];
  });
}
