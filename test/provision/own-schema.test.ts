import { afterEach, expect, it } from 'vitest';
import { inspectCommand } from '../../src/commands/inspect.js';
import { provisionCommand } from '../../src/commands/provision.js';
import { splitCommand } from '../../src/commands/split.js';
import { verifyCommand } from '../../src/commands/verify.js';
import { quoteIdent } from '../../src/core/identifiers.js';
import { withDatabase } from '../../src/core/urls.js';
import { NO_OPTIONS } from '../support/context.js';
import { errorsOf } from '../support/errors-of.js';
import { follow } from '../support/follow-hint.js';
import { type Legacy, legacyDatabase } from '../support/legacy.js';
import { adminUrl, uniqueName, withSession } from '../support/postgres.js';

const made: { readonly source: Legacy; readonly login: string }[] = [];
afterEach(async () => {
  for (const { source, login } of made.splice(0)) {
    await source.drop();
    await withSession(adminUrl(), (session) => session.execute(`DROP ROLE ${quoteIdent(login)}`));
  }
});

/** An application whose login has tables in a schema of its own name; in the script, %S is both and %D the database. */
async function legacy(
  script: string,
  clinic = (prefix: string) => prefix,
): Promise<{ source: Legacy; own: string }> {
  const login = clinic(uniqueName('app'));
  const own = quoteIdent(login);
  await withSession(adminUrl(), (session) => session.execute(`CREATE ROLE ${own} LOGIN`));
  const source = await legacyDatabase(
    `CREATE SCHEMA ${own} AUTHORIZATION ${own};
     CREATE TABLE public.clinics (id int PRIMARY KEY, name text); INSERT INTO public.clinics VALUES (1, 'A'), (2, 'B');
     CREATE TABLE public.places (id int PRIMARY KEY, clinic_id int NOT NULL REFERENCES public.clinics);
     CREATE TABLE ${own}.places (id int PRIMARY KEY, clinic_id int NOT NULL REFERENCES public.clinics);
     INSERT INTO public.places VALUES (1, 1); INSERT INTO ${own}.places VALUES (2, 1), (3, 2);
     GRANT SELECT, INSERT ON ALL TABLES IN SCHEMA public, ${own} TO ${own};`,
    { legacy: { url: '${LEGACY}', schemas: ['public', login] } },
  );
  made.push({ source, login });
  await withSession(source.database.url, (session) =>
    session.execute(script.replaceAll('%S', own).replaceAll('%D', quoteIdent(source.database.name))),
  );
  return { source, own };
}

/** Rows of `places` as the clinic's login sees them when it has just come in. */
async function seen({ source }: { source: Legacy }): Promise<unknown> {
  const name = `${source.prefix}_1`;
  const paths = await withSession(adminUrl(), (session) =>
    session.query<{ path: string; ofLogin: boolean }>(
      `SELECT substr(c, 13) AS path, setrole <> 0 AS "ofLogin" FROM pg_db_role_setting s, unnest(setconfig) AS c
        WHERE setdatabase = (SELECT oid FROM pg_database WHERE datname = $1) AND c LIKE 'search_path=%' ORDER BY 2 DESC`,
      [name],
    ),
  );
  return withSession(withDatabase(adminUrl(), name), async (session) => {
    await session.execute(
      `SET ROLE ${quoteIdent(name)}; SET search_path = ${paths[0]?.path ?? '"$user", public'}`,
    );
    return session.query('SELECT id FROM places ORDER BY id');
  });
}

it.each([
  ['nothing is set', '', undefined],
  ['the database is set', 'ALTER DATABASE %D SET search_path = "$user", public', undefined],
  ['the login is set', 'ALTER ROLE %S IN DATABASE %D SET search_path = "$user", public', undefined],
  ['the login is set everywhere', 'ALTER ROLE %S SET search_path = public, "$user"', [{ id: 1 }]],
  ['the names need quotes', '', undefined, 'App "x" '],
])(
  'the schema of the application’s login is where clinics’ logins look, where %s',
  async (_, script, rows, prefix = '') => {
    const { source } = await legacy(script, (name) => `${prefix}${name}`);
    for (const command of [inspectCommand, provisionCommand, splitCommand])
      expect(errorsOf(await command.run(source.context, [], NO_OPTIONS)), command.name).toEqual([]);
    expect(await seen({ source })).toEqual(rows ?? [{ id: 2 }]);
    expect(errorsOf(await verifyCommand.run(source.context, ['data'], NO_OPTIONS))).toEqual([]);
  },
);

it.each([
  [
    'a function',
    'CREATE FUNCTION public.f() RETURNS bigint LANGUAGE sql SET search_path = "$user", public AS \'SELECT count(*) FROM places\'',
  ],
  [
    'a procedure',
    'CREATE PROCEDURE public."F x"(int) LANGUAGE sql SET search_path = "$user" AS \'SELECT 1\'',
  ],
  [
    'what runs as its owner',
    `CREATE FUNCTION %S.g() RETURNS bigint LANGUAGE sql SECURITY DEFINER SET search_path = public, "$user" AS 'SELECT count(*) FROM places';
     ALTER FUNCTION %S.g() OWNER TO %S`,
  ],
])(
  '%s that sets "$user" is named before anything is made, and not once its hint is followed',
  async (_, script) => {
    const { source } = await legacy(script);
    const { findings } = await provisionCommand.run(source.context, [], NO_OPTIONS);
    const left = findings.filter(
      ({ code, severity }) => code === 'PROVISION_SETTING_LEFT_BEHIND' && severity === 'error',
    );
    expect(left).toHaveLength(1);
    await follow(left[0], source);
    expect(errorsOf(await provisionCommand.run(source.context, [], NO_OPTIONS))).toEqual([]);
    expect(errorsOf(await splitCommand.run(source.context, [], NO_OPTIONS))).toEqual([]);
  },
);
