import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Application, drawApplication } from './random-applications/application.js';
import { type Databases, makeDatabases } from './random-applications/databases.js';
import { complaintsOf } from './random-applications/judge.js';
import { isKnownOpen } from './random-applications/known-open.js';
import { runTrial } from './random-applications/trial.js';

/** How many applications; the nightly form sets 500. */
const RUNS = Number(process.env.RANDOM_APPLICATIONS ?? 30);
const SEED = Number(process.env.RANDOM_SEED ?? 20261201);
/** Asks for the forms that are known not to be right yet, too. */
const isOpen = process.env.RANDOM_OPEN === '1';

/** One for each application that runs at the same time. */
let lanes: readonly Databases[];

beforeAll(async () => {
  lanes = await Promise.all([makeDatabases(), makeDatabases()]);
});

afterAll(async () => {
  for (const databases of lanes) await databases.drop();
});

it(`migrates ${RUNS} random applications so that they answer as before, or says what does not`, {
  timeout: RUNS * 120_000,
}, async () => {
  const applications = Array.from({ length: RUNS }, (_, at) =>
    drawApplication(SEED + at, isOpen ? () => false : isKnownOpen),
  );
  const failed: string[] = [];
  const sites = { rewritten: 0, left: 0 };
  await Promise.all(
    lanes.map(async (databases) => {
      for (let next = applications.shift(); next !== undefined; next = applications.shift()) {
        const trial = await runTrial(next, databases);
        if (!(trial.migrated instanceof Error))
          for (const { outcome } of trial.migrated.sites)
            if (outcome === 'rewritten' || outcome === 'left') sites[outcome] += 1;
        const complaints = complaintsOf(trial);
        if (complaints.length > 0) failed.push(describeFailure(next, complaints));
      }
    }),
  );
  process.stdout.write(
    `${sites.rewritten} of ${sites.rewritten + sites.left} call sites migrated in ${RUNS} applications (seed ${SEED})\n`,
  );
  expect(failed.join('\n\n')).toBe('');
});

function describeFailure({ seed, forms }: Application, complaints: readonly string[]): string {
  return [
    `${isOpen ? 'RANDOM_OPEN=1 ' : ''}RANDOM_SEED=${seed} RANDOM_APPLICATIONS=1`,
    `  ${forms.join('; ')}`,
    ...complaints.map((one) => `- ${one}`),
  ].join('\n');
}
