import type { Databases, Session } from '../../../core/ports.js';
import { withLogin } from '../../../core/urls.js';
import type { ClinicTarget } from '../../../provision/types.js';
import { isNotLetIn } from '../refusal.js';

/** What a login can do in a database that it should not be in. */
export interface Around {
  /** Tables and views that it may read. */
  readonly tables: number;
  /** Schemas that it may make things in, and functions that lend it a superuser's rights. */
  readonly means: number;
  /** True where it has most of the tables of a clinic, by name: a copy of the legacy database. */
  readonly copy: boolean;
}

const AROUND = `
  SELECT (SELECT count(*) FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
           WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
             AND pg_catalog.has_schema_privilege(n.oid, 'USAGE') AND pg_catalog.has_any_column_privilege(c.oid, 'SELECT')
             AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend e WHERE e.classid = 'pg_catalog.pg_class'::regclass
                                AND e.objid = c.oid AND e.deptype = 'e'))::int AS tables,
         (SELECT count(*) FROM pg_catalog.pg_namespace n WHERE n.nspname !~ '^pg_' AND pg_catalog.has_schema_privilege(n.oid, 'CREATE'))::int
         + (SELECT count(*) FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
             WHERE p.prosecdef AND p.oid >= 16384 AND pg_catalog.has_schema_privilege(n.oid, 'USAGE')
               AND pg_catalog.has_function_privilege(p.oid, 'EXECUTE'))::int AS means,
         (SELECT count(*) FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
           WHERE c.relkind IN ('r', 'p') AND n.nspname || '.' || c.relname = ANY ($1::text[])) * 2
         >= greatest(pg_catalog.cardinality($1::text[]), 1) AS copy`;

/** Opens a database with a clinic's login; undefined where it is refused. */
export async function lookAround(
  databases: Databases,
  { role, roleUrl }: ClinicTarget,
  url: string,
  ownTables: readonly string[],
): Promise<Around | undefined> {
  const { password } = new URL(roleUrl);
  let session: Session;
  try {
    session = await databases.connect(withLogin(url, role, decodeURIComponent(password)));
  } catch (error) {
    if (isNotLetIn(error)) return undefined;
    throw error;
  }
  try {
    const [row] = await session.query<Around & Record<string, unknown>>(AROUND, [ownTables]);
    return row ?? { tables: 0, means: 0, copy: false };
  } finally {
    await session.close();
  }
}
