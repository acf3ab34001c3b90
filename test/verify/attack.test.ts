import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pgDatabases } from '../../src/adapters/pg.js';
import { provisionCommand } from '../../src/commands/provision.js';
import { splitCommand } from '../../src/commands/split.js';
import { verifyCommand } from '../../src/commands/verify.js';
import { quoteIdent } from '../../src/core/identifiers.js';
import type { Session } from '../../src/core/ports.js';
import { sideBySide } from '../../src/core/side-by-side.js';
import { databaseOf } from '../../src/core/urls.js';
import { readInstallation } from '../../src/provision/registry.js';
import { readTargets } from '../../src/provision/targets.js';
import type { ClinicTarget } from '../../src/provision/types.js';
import { NO_OPTIONS } from '../support/context.js';
import { type Legacy, legacyDatabase } from '../support/legacy.js';
import { adminUrl, uniqueName, withSession } from '../support/postgres.js';
import { type Attack, attempt, type Places } from './attack/attack.js';
import { carriedAttacks } from './attack/carried.js';
import { hostileSchema } from './attack/hostile-legacy.js';
import { makingAttacks } from './attack/making.js';
import { roleAttacks } from './attack/roles.js';
import { serverAttacks } from './attack/server.js';

const login = uniqueName('app');
const stranger = uniqueName('stranger');
let legacy: Legacy;
let targets: readonly ClinicTarget[];
let version: number;
let template: string;
/** Errors that verify has before anybody attacks: views that a superuser's rights made work. */
let before: readonly string[];

beforeAll(async () => {
  await asAdmin(`CREATE ROLE ${login} LOGIN; CREATE ROLE ${stranger}`);
  legacy = await legacyDatabase(hostileSchema(login, stranger), {
    legacy: { url: '${LEGACY}', login },
    tables: { users: { scope: 'central' }, drugs: { scope: 'shared' }, letters: { largeObjects: ['scan'] } },
  });
  // What provision asks of its operator, who knows the logins that need it.
  await asAdmin(
    `REVOKE ALL ON DATABASE ${quoteIdent(legacy.database.name)} FROM PUBLIC;
     GRANT CONNECT ON DATABASE ${quoteIdent(legacy.database.name)} TO ${login}`,
  );
  for (const command of [provisionCommand, splitCommand]) {
    const { findings } = await command.run(legacy.context, [], NO_OPTIONS);
    expect(findings.filter(({ severity }) => severity === 'error')).toEqual([]);
  }
  const id = await withSession(legacy.centralUrl, async (central) => {
    ({ targets } = await readTargets(legacy.context, central));
    return (await readInstallation(central))?.id.replaceAll('-', '').slice(0, 12);
  });
  await withSession(adminUrl(), async (session) => {
    const [row] = await session.query<{ version: number; template: string }>(
      `SELECT current_setting('server_version_num')::int / 10000 AS version,
              (SELECT datname::text FROM pg_database WHERE starts_with(datname, 'clinic_migrate_template_' || $1)) AS template`,
      [id],
    );
    version = row?.version ?? 0;
    template = row?.template ?? '';
  });
  before = await verified();
  expect(before.filter((text) => !text.includes('cannot use public.passwords, public.version_file'))).toEqual(
    [],
  );
});
afterAll(async () => {
  await legacy?.drop();
  await asAdmin(`DROP ROLE ${login}; DROP ROLE ${stranger}`);
});

async function asAdmin(sql: string): Promise<void> {
  await withSession(adminUrl(), (session) => session.execute(sql));
}

/** A login of another clinic at work, in the midst of its rows. */
async function atWork(target: ClinicTarget): Promise<{ session: Session; pid: number; snapshot: string }> {
  const session = await pgDatabases.connect(target.roleUrl);
  await session.execute('BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT pg_advisory_lock(4711)');
  const [row] = await session.query<{ pid: number; snapshot: string }>(
    `SELECT pg_backend_pid() AS pid, pg_export_snapshot() AS snapshot, 'secret of another clinic' AS secret`,
  );
  return { session, pid: row?.pid ?? 0, snapshot: row?.snapshot ?? '' };
}

function placesOf(own: ClinicTarget, other: ClinicTarget, otherPid: number, otherSnapshot: string): Places {
  const place = ({ database, role, owner }: ClinicTarget) => ({ database, login: role, owner });
  return {
    own: place(own),
    other: place(other),
    central: databaseOf(legacy.centralUrl),
    legacy: legacy.database.name,
    template,
    otherPid,
    otherSnapshot,
    version,
  };
}

function attacksOf(places: Places): Attack[] {
  return [roleAttacks, serverAttacks, makingAttacks, carriedAttacks].flatMap((attacks) => attacks(places));
}

/** What no superuser of a server that others use should run, not even to take it back: it reaches past the transaction. */
const NOT_TAKEN_BACK =
  /DATABASE|SYSTEM|SUBSCRIPTION|TABLESPACE|PROGRAM|LOAD|CHECKPOINT|REINDEX|VACUUM|ANALYZE|COPY .* TO|lo_(im|ex)port|setval|run_sql\('SET ROLE|shell|pg_(terminate|cancel|log|promote|switch|reload|rotate|stat_reset|drop|create|backup|replication|import|database|authid)|IDENTIFY|DROP OWNED|REASSIGN|CONCURRENTLY/;

/** What verify has against this fleet; the server may have databases of others, open to everybody. */
async function verified(): Promise<string[]> {
  const { findings } = await verifyCommand.run(legacy.context, ['data', 'access'], NO_OPTIONS);
  return findings
    .filter(({ severity }) => severity === 'error')
    .map(({ code, subject = '', message }) => `${code} ${subject}: ${message}`)
    .filter(
      (text) => text.includes(legacy.prefix) || !/^ACCESS_(CROSS_CONNECT|STRANGER|PASSWORD)/.test(text),
    );
}

describe("each clinic's login", () => {
  it('would get through as a superuser, with the same statements', async () => {
    const own = targets.find(({ clinic }) => clinic.key === '1') as ClinicTarget;
    const other = targets.find(({ clinic }) => clinic.key === '2') as ClinicTarget;
    const { session, pid, snapshot } = await atWork(other);
    try {
      const attacks = attacksOf(placesOf(own, other, pid, snapshot)).filter(
        ({ expected, statements, connect }) =>
          connect === undefined &&
          ['42501', 'sees nothing'].includes(expected) &&
          !statements.some((text) => NOT_TAKEN_BACK.test(text)),
      );
      const outcomes = await sideBySide(attacks, 6, async (attack) => {
        const statements = ['BEGIN', ...attack.statements.map((text) => text.replaceAll('@KEY@', '1'))];
        // What runs as its owner does so as a superuser where it came from.
        const url = /ran as a superuser/.test(attack.family) ? legacy.database.url : own.adminUrl;
        return { ...attack, outcome: await attempt(url, { ...attack, statements }) };
      });
      const refused = outcomes.filter(({ expected, outcome }) => expected === '42501' && outcome === '42501');
      expect(refused.map(({ statements }) => statements.join('; '))).toEqual([]);
      expect(outcomes.filter(({ expected }) => expected === '42501').length).toBeGreaterThan(100);
      expect(outcomes.filter(({ outcome }) => /^sees \d+ rows$/.test(outcome)).length).toBeGreaterThan(20);
    } finally {
      await session.close();
    }
  });

  it.each(['1', '2', '3'])('of %s is refused whatever it tries', async (key) => {
    const index = targets.findIndex(({ clinic }) => clinic.key === key);
    const own = targets[index] as ClinicTarget;
    const other = targets[(index + 1) % targets.length] as ClinicTarget;
    const { session, pid, snapshot } = await atWork(other);
    try {
      const attacks = attacksOf(placesOf(own, other, pid, snapshot));
      expect(attacks.length).toBeGreaterThan(150);
      const outcomes = await sideBySide(attacks, 6, async (attack) => {
        const statements = attack.statements.map((text) => text.replaceAll('@KEY@', key));
        const outcome = await attempt(own.roleUrl, { ...attack, statements });
        const what = `${attack.family}: ${statements.join('; ')}${attack.connect === undefined ? '' : ` ${JSON.stringify(attack.connect)}`}`;
        return outcome === attack.expected ? undefined : `${what}: ${outcome}, not ${attack.expected}`;
      });
      expect(outcomes.filter((outcome) => outcome !== undefined)).toEqual([]);
    } finally {
      await session.close();
    }
  });

  it('leaves nothing behind that verify finds', async () => {
    expect(await verified()).toEqual(before);
  });
});
