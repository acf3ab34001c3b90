import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { verifyCommand } from '../../src/commands/verify.js';
import { withDatabase } from '../../src/core/urls.js';
import { contextIn, NO_OPTIONS } from '../support/context.js';
import { legacyDatabase } from '../support/legacy.js';
import { withSession } from '../support/postgres.js';
import { start } from '../support/program.js';
import { startSmallDisk, whyNoSmallDisk } from '../support/small-disk.js';
import { CONFIG, halfDone, type Installation, installationOf, SCRIPT } from '../support/under-fault.js';

/** How often the disk is full while a step is run; the long form of the fault test has every tenth of its faults here. */
const TIMES = Math.ceil(Number(process.env.SPLIT_FAULTS ?? 10) / 10);
const SEED = Number(process.env.SPLIT_FAULTS_SEED ?? 20261124);
const MEGABYTES = 400;
/** What a database takes when it is made, and then a little of its schema. */
const HALF_MADE = 8_300_000;

const whyNot = whyNoSmallDisk();

async function sizeOf(url: string): Promise<number> {
  const [row] = await withSession(url, (session) =>
    session.query<{ bytes: string }>('SELECT pg_database_size(current_database())::text AS bytes'),
  );
  return Number(row?.bytes);
}

describe.skipIf(whyNot !== undefined)(
  `a full disk${whyNot === undefined ? '' : ` (not tried: ${whyNot})`}`,
  () => {
    it.each(['elsewhere', 'on it'] as const)(
      'is survived where the server’s log is %s',
      {
        timeout: 240_000 + TIMES * 120_000,
      },
      async (wal) => {
        const disk = await startSmallDisk(MEGABYTES, wal);
        const source = await legacyDatabase(SCRIPT, CONFIG);
        try {
          const centralUrl = withDatabase(disk.url, `${source.prefix}_central`);
          const env = { ...source.env, SERVER: disk.url, CENTRAL: centralUrl };
          const empty = await sizeOf(disk.url);
          const room = { provision: 10 * empty, split: (await sizeOf(source.database.url)) - empty };
          const shares = fc.sample(fc.double({ min: 0, max: 0.9, noNaN: true }), {
            seed: SEED,
            numRuns: TIMES,
          });
          const seen: Installation[] = [];
          const said: { readonly stderr: string; readonly wentDown: boolean }[] = [];
          for (const step of ['provision', 'split'] as const) {
            let isDone = false;
            for (const [i, share] of shares.entries()) {
              if (isDone) break;
              await disk.fill(step === 'provision' && i === 0 ? HALF_MADE : room[step] * share);
              const { code, stderr } = await start([step, '--quiet'], source.folder, env).ended;
              const wentDown = await disk.makeRoom();
              isDone = code === 0;
              if (isDone) break;
              const what = JSON.stringify({ seed: SEED, wal, step, share, code });
              expect(stderr, what).toMatch(/^error .+\n {2}\S.+\n$/);
              expect(code, what).toBe(3);
              said.push({ stderr, wentDown });
              if (step === 'split') seen.push(await installationOf(centralUrl));
            }
            if (isDone) continue;
            const result = await start([step, '--quiet'], source.folder, env).ended;
            expect(result).toMatchObject({ code: 0, stderr: '' });
          }
          process.stdout.write(`${said.length} full disks survived (the log ${wal}, seed ${SEED})\n`);
          expect(said.length).toBeGreaterThan(0);
          // A server that cannot write its log, or its checkpoints, goes down, and then nobody says why.
          for (const { stderr, wentDown } of said) {
            if (wentDown) continue;
            expect(stderr).toMatch(/^error postgres@127\.0\.0\.1:.*No space left on device \(53100\)\n/);
            expect(stderr).toContain('\n  Free some space on the server and run the same command again');
          }
          const whole = await installationOf(centralUrl);
          for (const each of seen) expect(halfDone(each, whole)).toEqual([]);
          const { findings } = await verifyCommand.run(
            await contextIn(source.folder, env),
            ['data'],
            NO_OPTIONS,
          );
          expect(findings.filter(({ severity }) => severity === 'error')).toEqual([]);
        } finally {
          await source.drop();
          await disk.stop();
        }
      },
    );
  },
);
