import { afterAll, beforeAll, expect, it } from 'vitest';
import { inspectCommand } from '../../src/commands/inspect.js';
import { openLegacy, readTenancy } from '../../src/commands/tenancy.js';
import { ownership } from '../../src/verify/data/ownership.js';
import { NO_OPTIONS } from '../support/context.js';
import { type Legacy, legacyDatabase } from '../support/legacy.js';

const LAYERS = 10;

/** Two tables a layer, each of which refers to both of the layer above: 2^10 ways lead from the lowest to the top. */
const layer = (nr: number): string =>
  ['a', 'b']
    .map(
      (
        side,
      ) => `CREATE TABLE l${nr}${side} (id int PRIMARY KEY, x int REFERENCES l${nr - 1}a, y int REFERENCES l${nr - 1}b);
        INSERT INTO l${nr}${side} VALUES (1, 1, 1), (2, 2, NULL), (3, 3, 3), (4, 1, 2), (5, NULL, NULL);`,
    )
    .join('\n');

let legacy: Legacy;
beforeAll(async () => {
  legacy = await legacyDatabase(
    `CREATE TABLE companies (id int PRIMARY KEY, name text); INSERT INTO companies VALUES (1, 'One'), (2, 'Two');
     CREATE TABLE l0a (id int PRIMARY KEY, company_id int REFERENCES companies);
     CREATE TABLE l0b (id int PRIMARY KEY, company_id int REFERENCES companies);
     INSERT INTO l0a VALUES (1, 1), (2, 2), (3, NULL); INSERT INTO l0b VALUES (1, 1), (2, 2), (3, 1);
     ${Array.from({ length: LAYERS }, (_, i) => layer(i + 1)).join('\n')}`,
    { unassignable: 'quarantine' },
  );
});
afterAll(() => legacy.drop());

it('judges rows in time that grows with the tables, not with the ways between them', async () => {
  const { data } = await inspectCommand.run(legacy.context, [], NO_OPTIONS);
  // Of each layer rows 1 and 2; the others have no place: a lost row above, two clinics, nothing above.
  expect(data?.['clinics']).toMatchObject([
    { key: '1', rows: 2 * LAYERS + 4 },
    { key: '2', rows: 2 * LAYERS + 3 },
  ]);
});

it('derives the same for the check, by its own reasoning', async () => {
  const session = await openLegacy(legacy.context);
  try {
    const { catalog, map } = await readTenancy(legacy.context, session);
    const suspects = new Set(map.tables.map(({ schema, name }) => `${schema}.${name}`));
    const lowest = map.tables.find(({ name }) => name === `l${LAYERS}b`);
    if (lowest?.scope !== 'clinic') throw new Error('the lowest table is a clinic table');
    const { from, row, place, clinic } = ownership(lowest, { catalog, map, suspects });
    expect(
      await session.query(`SELECT ${row}.id, ${place} AS place, ${clinic} AS clinic FROM ${from} ORDER BY 1`),
    ).toMatchObject([
      { id: 1, place: 'own', clinic: '1' },
      { id: 2, place: 'own', clinic: '2' },
      { id: 3, place: 'none' },
      { id: 4, place: 'none' },
      { id: 5, place: 'none' },
    ]);
  } finally {
    await session.close();
  }
});
