import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Finding } from '../../../src/core/finding.js';
import { defaultGrants, type Fault, grantOptions, objectGrants, serverGrants } from './faults.js';
import { objects, owners, roles, states, takenAway } from './more-faults.js';
import { type PlantedFleet, plantedFleet } from './planted-fleet.js';

let fleet: PlantedFleet;
beforeAll(async () => {
  fleet = await plantedFleet();
}, 600_000);
afterAll(() => fleet.drop());

/** Statements with the database they are run in. */
type Script = readonly (readonly [database: string, statements: readonly string[]])[];

/** One session a database, since there are many of them. */
async function run(script: Script): Promise<void> {
  const databases = new Map<string, string[]>();
  for (const [database, statements] of script)
    databases.set(database, [...(databases.get(database) ?? []), ...statements]);
  for (const [database, statements] of databases) await fleet.run(database, ...statements);
}

/** Hints, followed to the letter: the statements after `In database "x":`, or provision. */
async function follow(findings: readonly Finding[]): Promise<void> {
  const script: (readonly [string, readonly string[]])[] = [];
  for (const { hint = '' } of findings) {
    const found = /In database "((?:[^"]|"")*)": ([\s\S]*?);(?:$| Keep| Then)/.exec(hint);
    if (found !== null) script.push([(found[1] ?? '').replaceAll('""', '"'), (found[2] ?? '').split('; ')]);
  }
  await run(script);
  if (script.length < findings.length) await fleet.provision();
}

function shown(findings: readonly Finding[]): string[] {
  return findings.map(({ code, severity, subject, message }) => `${severity} ${code} ${subject}: ${message}`);
}

/** With this, each fault is planted by itself, which takes long; without, those that do not meet are planted together. */
const ONE_BY_ONE = process.env['ACCESS_FAULTS'] === 'all';

const FAMILIES = [
  objectGrants,
  grantOptions,
  serverGrants,
  defaultGrants,
  owners,
  roles,
  states,
  objects,
  takenAway,
];

function roundsOf(faults: readonly Fault[]): Fault[][] {
  const rounds: Fault[][] = [];
  for (const fault of faults) {
    const round = ONE_BY_ONE
      ? undefined
      : rounds.find((each) => !each.some(({ apart }) => apart === fault.apart));
    if (round === undefined) rounds.push([fault]);
    else round.push(fault);
  }
  return rounds;
}

/** What is wrong: empty where exactly these faults were found. What the hints of the round before left is found, too. */
async function plantAndMend(round: readonly Fault[]): Promise<string[]> {
  await run(round.map(({ database, plant }) => [database, plant]));
  await run(round.flatMap(({ there }) => (there === undefined ? [] : [there])));
  const findings = await fleet.findings();
  await follow(findings);
  await run(round.map(({ database, remove = [] }) => [database, remove]));
  const due = round.flatMap(({ kind, codes, subject, says = '', severity = 'error' }) =>
    codes.map((code, i) => ({ kind, is: `${severity} ${code} ${subject}`, says: i === 0 ? says : '' })),
  );
  const rest = [...findings];
  // Those that say more first: others would take theirs.
  due.sort((a, b) => b.says.length - a.says.length);
  const missed = due.filter(({ is, says }) => {
    const index = rest.findIndex(
      ({ severity, code, subject, message }) =>
        `${severity} ${code} ${subject}` === is && message.includes(says),
    );
    return index < 0 || rest.splice(index, 1).length === 0;
  });
  return [
    ...missed.map(({ kind, is }) => `not found: ${kind} (${is})`),
    ...shown(rest).map((line) => `over and above: ${line}`),
  ];
}

it('finds every fault that is planted, nothing else, and nothing any more once its hint is followed', async () => {
  expect(shown(await fleet.findings())).toEqual([]);
  const only = new RegExp(process.env['FAULTS'] ?? '');
  const rounds = FAMILIES.flatMap((family) => roundsOf(family(fleet).filter(({ kind }) => only.test(kind))));
  const wrong: string[] = [];
  for (const round of rounds) {
    const outcome = await plantAndMend(round).catch((error: unknown) => [
      `${round.map(({ kind }) => kind).join(', ')}: ${String(error)}`,
    ]);
    wrong.push(...outcome);
    for (const { kind, codes } of round)
      process.stdout.write(`${outcome.length === 0 ? codes[0] : 'SEE BELOW'}  ${kind}\n`);
    if (outcome.length > 0) process.stdout.write(`${outcome.join('\n')}\n`);
  }
  process.stdout.write(`${rounds.flat().length} kinds of fault planted in ${rounds.length} rounds\n`);
  expect(wrong).toEqual([]);
  expect(shown(await fleet.findings())).toEqual([]);
  if (process.env['FAULTS'] === undefined) expect(rounds.flat().length).toBeGreaterThan(120);
}, 1_800_000);
