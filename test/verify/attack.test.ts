import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pgDatabases } from '../../src/adapters/pg.js';
import { provisionCommand } from '../../src/commands/provision.js';
import { splitCommand } from '../../src/commands/split.js';
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

function attacksOf(places: Places): Attack[] {
  return [roleAttacks, serverAttacks, makingAttacks, carriedAttacks].flatMap((attacks) => attacks(places));
}

describe("each clinic's login", () => {
  it.each(['1', '2', '3'])('of %s is refused whatever it tries', async (key) => {
    const index = targets.findIndex(({ clinic }) => clinic.key === key);
    const own = targets[index] as ClinicTarget;
    const other = targets[(index + 1) % targets.length] as ClinicTarget;
    const { session, pid, snapshot } = await atWork(other);
    try {
      const place = ({ database, role }: ClinicTarget) => ({
        database,
        login: role,
        owner: `${database}_owner`,
      });
      const attacks = attacksOf({
        own: place(own),
        other: place(other),
        central: databaseOf(legacy.centralUrl),
        legacy: legacy.database.name,
        template,
        otherPid: pid,
        otherSnapshot: snapshot,
        version,
      });
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
});
