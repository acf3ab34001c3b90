import { afterAll, beforeAll, expect, it } from 'vitest';
import { states } from '../verify/access/more-faults.js';
import { type PlantedFleet, plantedFleet } from '../verify/access/planted-fleet.js';

let fleet: PlantedFleet;
beforeAll(async () => {
  fleet = await plantedFleet();
});
afterAll(() => fleet.drop());

const found = async (): Promise<string[]> =>
  (await fleet.findings()).map(({ message, hint }) => `${message} (${hint})`);

it('opens a database that was shut, and takes back what a clinic’s database, login and owner are set to', async () => {
  const { a, b, stranger, run } = fleet;
  const others = states(fleet).filter(({ subject }) => subject === stranger);
  const ours = states(fleet).filter((fault) => !others.includes(fault) && fault.subject !== stranger);
  await run('postgres', ...ours.flatMap(({ plant }) => plant));
  await run('postgres', `ALTER ROLE "${a.role}" IN DATABASE "${b.database}" SET work_mem = '8MB'`);
  await run('postgres', `ALTER ROLE "${a.owner}" IN DATABASE "${a.database}" SET work_mem = '8MB'`);
  const before = await found();
  expect(before.length).toBeGreaterThan(ours.length / 2);
  for (const line of before) expect(line).toMatch(/\(Run `clinic-migrate provision 1`, or: In database/);
  await fleet.provision();
  expect(await found()).toEqual([]);
});

it('leaves what another role is set to in a clinic’s database, and says so in no hint', async () => {
  const { a, stranger, run } = fleet;
  const set = `ALTER ROLE "${stranger}" IN DATABASE "${a.database}"`;
  await run('postgres', `${set} SET search_path = ''`);
  await fleet.provision();
  const [line, ...more] = await found();
  expect(more).toEqual([]);
  expect(line).toContain(`${set} RESET "search_path"`);
  expect(line).not.toContain('clinic-migrate provision');
  await run('postgres', `${set} RESET search_path`);
});
