import fc from 'fast-check';
import { expect, it } from 'vitest';
import { provisionCommand } from '../../src/commands/provision.js';
import { splitCommand } from '../../src/commands/split.js';
import { verifyCommand } from '../../src/commands/verify.js';
import { quoteName } from '../../src/core/identifiers.js';
import { withDatabase } from '../../src/core/urls.js';
import { NO_OPTIONS } from '../support/context.js';
import { legacyDatabase } from '../support/legacy.js';
import { adminUrl, withSession } from '../support/postgres.js';
import { build, databaseShape, SCHEMAS } from '../support/random-schema.js';

/** How many schemas; the nightly form sets 300. */
const RUNS = Number(process.env.RANDOM_SCHEMAS ?? 30);
const SEED = Number(process.env.RANDOM_SEED ?? 20261124);

it(`puts every row of ${RUNS} random schemas where it belongs, or aside`, {
  timeout: RUNS * 40_000,
}, async () => {
  await fc.assert(
    fc.asyncProperty(databaseShape, async (shape) => {
      const { script, keys, config, tables } = build(shape);
      const legacy = await legacyDatabase(script);
      try {
        const context = await legacy.configured({
          ...config,
          legacy: { url: '${LEGACY}', schemas: SCHEMAS },
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
          });
        }
        const { findings } = await verifyCommand.run(context, ['data'], NO_OPTIONS);
        expect(findings.filter(({ severity }) => severity === 'error')).toEqual([]);
      } finally {
        await legacy.drop();
      }
    }),
    { numRuns: RUNS, seed: SEED, endOnFailure: true },
  );
});
