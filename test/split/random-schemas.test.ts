import fc from 'fast-check';
import { expect, it } from 'vitest';
import { provisionCommand } from '../../src/commands/provision.js';
import { splitCommand } from '../../src/commands/split.js';
import { verifyCommand } from '../../src/commands/verify.js';
import { quoteName } from '../../src/core/identifiers.js';
import type { Session } from '../../src/core/ports.js';
import { withDatabase } from '../../src/core/urls.js';
import { NO_OPTIONS } from '../support/context.js';
import { legacyDatabase } from '../support/legacy.js';
import { adminUrl, uniqueName, withSession } from '../support/postgres.js';
import type { Allowed, LegacyRoles } from '../support/random-access.js';
import { build, databaseShape, SCHEMAS } from '../support/random-schema.js';
import type { Surroundings } from '../support/random-surroundings.js';

/** How many schemas; the nightly form sets 300. */
const RUNS = Number(process.env.RANDOM_SCHEMAS ?? 30);
const SEED = Number(process.env.RANDOM_SEED ?? 20261124);

it(`puts every row of ${RUNS} random schemas where it belongs, or aside`, {
  timeout: RUNS * 120_000,
}, async () => {
  await fc.assert(
    fc.asyncProperty(databaseShape, async (shape) => {
      const roles = await makeRoles();
      const { script, keys, config, tables, allowed, surroundings } = build(shape, roles);
      const legacy = await legacyDatabase(script, {}, surroundings.options);
      try {
        const context = await legacy.configured({
          ...config,
          legacy: { url: '${LEGACY}', schemas: SCHEMAS, login: roles.app },
          unassignable: 'quarantine',
        });
        for (const command of [provisionCommand, splitCommand]) {
          const { findings } = await command.run(context, [], NO_OPTIONS);
          expect(findings.filter(({ severity }) => severity === 'error')).toEqual([]);
        }
        const entries = await withSession(legacy.centralUrl, (session) =>
          session.query<{ key: string; database: string }>(
            'SELECT key, database FROM clinic_migrate.clinics',
          ),
        );
        expect(entries.map(({ key }) => key).sort()).toEqual([...keys].sort());
        for (const { key, database } of entries) {
          await withSession(withDatabase(adminUrl(), database), async (session) => {
            for (const table of tables) {
              const rows = await session.query<{ id: number }>(
                `SELECT id FROM ${quoteName(table)} ORDER BY id`,
              );
              expect(
                rows.map(({ id }) => id),
                `${table.name} of ${key}`,
              ).toEqual(table.idsOf(key));
            }
            expect(await surroundingsIn(session, database)).toEqual(answerOf(surroundings));
            expect(await allowedIn(session, allowed, { login: database, anyone: roles.stranger })).toEqual(
              allowed,
            );
          });
        }
        const { findings } = await verifyCommand.run(context, ['data'], NO_OPTIONS);
        expect(findings.filter(({ severity }) => severity === 'error')).toEqual([]);
      } finally {
        await legacy.drop();
        await dropRoles(roles);
      }
    }),
    { numRuns: RUNS, seed: SEED, endOnFailure: true },
  );
});

async function makeRoles(): Promise<LegacyRoles> {
  const roles = { app: uniqueName('app'), group: uniqueName('group'), stranger: uniqueName('stranger') };
  await withSession(adminUrl(), (session) =>
    session.execute(
      `CREATE ROLE ${roles.group}; CREATE ROLE ${roles.app} LOGIN IN ROLE ${roles.group}; CREATE ROLE ${roles.stranger}`,
    ),
  );
  return roles;
}

async function dropRoles({ app, group, stranger }: LegacyRoles): Promise<void> {
  await withSession(adminUrl(), (session) => session.execute(`DROP ROLE ${app}, ${group}, ${stranger}`));
}

const answerOf = ({ locale, database, login }: Surroundings): object => ({ ...locale, database, login });

/** What a database is written in, and what is set for all in it and for its own login, of the same name. */
async function surroundingsIn(session: Session, database: string): Promise<unknown> {
  const settings = (
    role: string,
  ): string => `ARRAY(SELECT unnest(setconfig) FROM pg_catalog.pg_db_role_setting s
    WHERE s.setdatabase = d.oid AND s.setrole = ${role} ORDER BY 1)`;
  const [found] = await session.query<{ database: string[]; login: string[] }>(
    `SELECT pg_catalog.pg_encoding_to_char(d.encoding) AS encoding, d.datlocprovider AS provider, ${settings('0')} AS database,
       ${settings('(SELECT oid FROM pg_catalog.pg_roles r WHERE r.rolname = d.datname)')} AS login
     FROM pg_catalog.pg_database d WHERE d.datname = $1`,
    [database],
  );
  return found && { ...found, database: [...found.database].sort(), login: [...found.login].sort() };
}

/** The same list as the server sees it; PUBLIC may what a role may that nothing was given to. */
async function allowedIn(
  session: Session,
  allowed: readonly Allowed[],
  { login, anyone }: { readonly login: string; readonly anyone: string },
): Promise<Allowed[]> {
  const may = {
    function: ['has_function_privilege', 'EXECUTE'],
    view: ['has_table_privilege', 'SELECT'],
    schema: ['has_schema_privilege', 'USAGE'],
  } as const;
  const found: Allowed[] = [];
  for (const { kind, name } of allowed) {
    const [ask, right] = may[kind];
    const schema = kind === 'schema' ? name.slice(1, -1).replaceAll('""', '"') : name;
    const [one] = await session.query<Pick<Allowed, 'login' | 'public' | 'definer'>>(
      `SELECT ${ask}($2::name, $1::text, '${right}') AS login, ${ask}($3::name, $1::text, '${right}') AS public,
           ${kind === 'function' ? '(SELECT prosecdef FROM pg_proc WHERE oid = $1::regprocedure)' : 'false'} AS definer`,
      [schema, login, anyone],
    );
    found.push({ kind, name, ...one } as Allowed);
  }
  return found;
}
