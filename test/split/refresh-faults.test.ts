import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { splitCommand } from '../../src/commands/split.js';
import { verifyCommand } from '../../src/commands/verify.js';
import { NO_OPTIONS } from '../support/context.js';
import { type Legacy, legacyDatabase } from '../support/legacy.js';
import { adminUrl, withSession } from '../support/postgres.js';
import { start } from '../support/program.js';
import { type Piece, type Proxy as PostgresProxy, startProxy } from '../support/proxy.js';
import { CONFIG, type Installation, installationOf, SCRIPT } from '../support/under-fault.js';

/** How many faults are to be survived; the long form sets more. */
const FAULTS = Number(process.env.REFRESH_FAULTS ?? 9);
const SEED = Number(process.env.REFRESH_FAULTS_SEED ?? 20261130);

let source: Legacy;
let proxy: PostgresProxy;
beforeAll(async () => {
  proxy = await startProxy(adminUrl());
  source = await legacyDatabase(SCRIPT, CONFIG);
  for (const step of ['provision', 'split'])
    expect(await start([step, '--quiet'], source.folder, source.env).ended).toMatchObject({ code: 0 });
});
afterAll(async () => {
  await proxy?.close();
  await source?.drop();
});

/** Places that a refresh passes, by what it says to a server there. */
const PLACES = [
  /LOCK TABLE/,
  /clinic_migrate_incoming.* FROM STDIN/,
  /SAVEPOINT/,
  /INSERT INTO clinic_migrate\.receipts/,
  /COMMIT/,
] as const;

const moment = fc.record({
  place: fc.nat(PLACES.length - 1),
  times: fc.integer({ min: 1, max: 9 }),
  /** Strikes before the piece is handed on, which keeps it from the server. */
  before: fc.boolean(),
  kills: fc.boolean(),
});

/** In every table: new rows, other values, rows that are gone, rows that change their clinic, rows without a place. */
const changes = (round: number): string => `
  SET search_path = public;
  UPDATE users SET email = email || '+' WHERE id % 50 = ${round}; INSERT INTO users (boss, email) VALUES (1, gen_random_uuid());
  INSERT INTO drugs (name) VALUES ('new ${round}'); UPDATE drugs SET name = 'other ${round}' WHERE id = ${10 + round};
  UPDATE categories SET company_id = 1 + ${round} % 8 WHERE id = ${10 + round};
  UPDATE patients SET company_id = nullif((company_id + ${round}) % 9, 0) WHERE id % 100 = ${round};
  UPDATE patients SET name = name || '!' WHERE id % 40 = ${round};
  DELETE FROM visits WHERE id % 200 = ${round}; INSERT INTO visits (patient_id, notes) SELECT id, 'new' FROM patients WHERE id % 300 = ${round};
  DELETE FROM readings WHERE value LIKE '${round}0%'; INSERT INTO readings SELECT id, 'twice' FROM patients, generate_series(1, 2) WHERE id % 500 = ${round};`;

const change = (round: number): Promise<void> =>
  withSession(source.database.url, (session) => session.execute(changes(round)));
const errors = async (): Promise<unknown[]> =>
  (await verifyCommand.run(source.context, ['data'], NO_OPTIONS)).findings.filter(
    ({ severity }) => severity === 'error',
  );

/** Runs a refresh, and strikes where its moment comes. */
async function refresh(fault?: { place: number; times: number; before: boolean; kills: boolean }) {
  proxy.reset();
  const urls = ['LEGACY', 'CENTRAL', 'SERVER'].map((name) => [name, proxy.through(String(source.env[name]))]);
  const env = { ...source.env, ...Object.fromEntries(urls) };
  const { child, ended } = start(['split', '--refresh', '--quiet'], source.folder, env);
  let [passed, struck] = [0, false];
  proxy.onPiece = ({ link, from, bytes }: Piece) => {
    if (fault === undefined || struck || from !== 'program') return;
    if (PLACES[fault.place]?.test(bytes.toString('latin1'))) passed += 1;
    if (passed < fault.times) return;
    struck = true;
    const act = (): void => {
      if (fault.kills) child.kill('SIGKILL');
      if (!fault.kills || fault.before) link.cut();
    };
    if (fault.before) act();
    else queueMicrotask(act);
  };
  const result = await ended;
  proxy.reset();
  return { ...result, struck };
}

/** Databases that hold neither what they held before nor what they are to hold. */
function halfDone(seen: Installation, before: Installation, after: Installation): string[] {
  const rows = (of: Installation, key: string): string =>
    JSON.stringify(Object.entries(of[key]?.rows ?? {}).filter(([name]) => !name.includes('quarantine')));
  return Object.keys(after).filter((key) => ![rows(before, key), rows(after, key)].includes(rows(seen, key)));
}

describe('split --refresh', () => {
  it(`leaves each copy as it was or as it is to be through ${FAULTS} faults`, async () => {
    const faults = fc.sample(moment, { seed: SEED, numRuns: FAULTS * 3 });
    let survived = 0;
    for (let round = 1; survived < FAULTS && faults.length > 0; round += 1) {
      await change(round);
      const before = await installationOf(source.centralUrl);
      const seen: Installation[] = [];
      const told: string[] = [];
      for (let isDone = false; !isDone; ) {
        const fault = seen.length < 3 ? faults.shift() : undefined;
        const result = await refresh(fault);
        // The server has not yet noticed that the last run is gone.
        if (result.stderr.includes('another run of clinic-migrate is at work')) continue;
        isDone = result.code === 0;
        if (isDone) continue;
        const what = JSON.stringify({ seed: SEED, round, fault, ...result });
        expect(result.struck && (result.code === 3 || result.code === null), what).toBe(true);
        seen.push(await installationOf(source.centralUrl));
        told.push(what);
        survived += 1;
      }
      const after = await installationOf(source.centralUrl);
      for (const [i, each] of seen.entries()) expect(halfDone(each, before, after), told[i]).toEqual([]);
      expect(await errors()).toEqual([]);
    }
    process.stdout.write(`${survived} faults of a refresh survived (seed ${SEED})\n`);
    expect(survived).toBeGreaterThanOrEqual(FAULTS);
  });

  it('loses nothing while somebody writes all the while, and is equal once nobody does', async () => {
    let [isWriting, rounds] = [true, 20];
    const writer = withSession(source.database.url, async (session) => {
      for (; isWriting; rounds += 1) {
        await session.execute(changes(rounds % 40));
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    });
    const outcomes: boolean[] = [];
    try {
      for (let i = 0; i < 3; i += 1)
        outcomes.push((await splitCommand.run(source.context, [], { ...NO_OPTIONS, refresh: true })).ok);
    } finally {
      isWriting = false;
      await writer;
    }
    expect(outcomes).toEqual([true, true, true]);
    expect(rounds).toBeGreaterThan(22);
    const stale = await splitCommand.run(source.context, [], NO_OPTIONS);
    expect(stale.findings.some(({ code }) => code === 'SPLIT_COPY_STALE')).toBe(true);
    const last = await splitCommand.run(source.context, [], { ...NO_OPTIONS, refresh: true });
    expect(last.findings.filter(({ severity }) => severity === 'error')).toEqual([]);
    expect(await errors()).toEqual([]);
    expect((await splitCommand.run(source.context, [], NO_OPTIONS)).ok).toBe(true);
  });
});
