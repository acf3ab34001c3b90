import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { verifyCommand } from '../../src/commands/verify.js';
import { NO_OPTIONS } from '../support/context.js';
import { type Legacy, legacyDatabase } from '../support/legacy.js';
import { adminUrl } from '../support/postgres.js';
import { type Ended, start } from '../support/program.js';
import { type Link, type Piece, type Proxy as PostgresProxy, startProxy } from '../support/proxy.js';
import {
  CONFIG,
  type Contents,
  contentsOf,
  halfDone,
  type Installation,
  installationOf,
  SCRIPT,
} from '../support/under-fault.js';

/** How many faults are to be survived; the long form sets 100. */
const FAULTS = Number(process.env.SPLIT_FAULTS ?? 12);
const SEED = Number(process.env.SPLIT_FAULTS_SEED ?? 20261124);

/** What strikes a run: the process, connections of its own, or the way to the server. */
const KINDS = [
  'killed',
  'one connection reset',
  'killed',
  'all connections reset',
  'one connection stalled, then reset',
  'killed',
  'all connections stalled, then reset',
  'half-closed to the program',
  'killed',
  'half-closed to the server',
  'connections refused',
  'Ctrl-C',
] as const;
type Kind = (typeof KINDS)[number];

const STEPS = ['provision', 'split'] as const;
type Step = (typeof STEPS)[number];

/** Places that a run passes, by what it says to the server there. */
const PLACES: Readonly<Record<Step, readonly RegExp[]>> = {
  provision: [
    /CREATE DATABASE/,
    /CREATE ROLE/,
    /GRANT CONNECT/,
    /INSERT INTO clinic_migrate\.clinics/,
    /RENAME TO/,
  ],
  split: [
    /\bloading\b/,
    /COMMIT/,
    /INSERT INTO clinic_migrate\.receipts/,
    /ADD CONSTRAINT/,
    /ANALYZE/,
    /\bready\b/,
    /FROM STDIN/,
  ],
};

const share = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
const moment = fc.record({
  /** A share of all the pieces that pass in an undisturbed run, or a place and how many times it is passed. */
  at: fc.oneof(share, fc.record({ place: fc.nat(99), times: fc.integer({ min: 1, max: 8 }) })),
  /** Which of the open connections; undefined for the one that is spoken on. */
  link: fc.option(share, { nil: undefined, freq: 1 }),
  /** True where it strikes before the piece is handed on, which a kill or a cut then keeps from the server. */
  before: fc.boolean(),
});

interface Fault {
  readonly kind: Kind;
  readonly at: number | { readonly place: number; readonly times: number };
  readonly link: number | undefined;
  readonly before: boolean;
}

const STALL_MS = 400;
/** A run that has not ended by then hangs. */
const DEADLINE_MS = 90_000;
/** How many faults one installation goes through: so many while it is provisioned, the others while it is split. */
const AT_ONCE = { provision: 2, all: 8 };

let proxy: PostgresProxy;
let expected: Installation;
const pieces = { provision: 0, split: 0 };

beforeAll(async () => {
  proxy = await startProxy(adminUrl());
  const undisturbed = await legacyDatabase(SCRIPT, CONFIG);
  try {
    for (const step of STEPS) {
      const result = await run(undisturbed, step);
      expect(result).toMatchObject({ code: 0, stderr: '' });
      pieces[step] = result.pieces;
    }
    expected = await installationOf(undisturbed.centralUrl);
  } finally {
    await undisturbed.drop();
  }
});
afterAll(() => proxy?.close());

/** Runs a step, and strikes it when the moment has come. */
async function run(
  { folder, env }: Legacy,
  step: Step,
  fault?: Fault,
): Promise<Ended & { readonly struck: boolean; readonly pieces: number }> {
  proxy.reset();
  const urls = ['LEGACY', 'CENTRAL', 'SERVER'].map((name) => [name, proxy.through(String(env[name]))]);
  const { child, ended } = start([step, '--quiet'], folder, { ...env, ...Object.fromEntries(urls) });
  let passed = 0;
  let struck = false;
  const isDue = fault === undefined ? () => false : whenDue(fault, step);
  proxy.onPiece = (piece) => {
    passed += 1;
    if (fault === undefined || struck || !isDue(piece, passed)) return;
    struck = true;
    const act = (): void => strike(fault, piece.link, (signal) => child.kill(signal));
    if (fault.before) act();
    else queueMicrotask(act);
  };
  const deadline = setTimeout(() => child.kill('SIGQUIT'), DEADLINE_MS);
  const result = await ended;
  clearTimeout(deadline);
  proxy.reset();
  if (child.signalCode === 'SIGQUIT')
    throw new Error(`${step} hangs: ${JSON.stringify({ fault, ...result })}`);
  return { ...result, struck, pieces: passed };
}

function whenDue({ at }: Fault, step: Step): (piece: Piece, passed: number) => boolean {
  if (typeof at === 'number') return (_, passed) => passed >= at * pieces[step];
  const place = PLACES[step][at.place % PLACES[step].length];
  let times = 0;
  return ({ from, bytes }) => {
    if (from === 'program' && place?.test(bytes.toString('latin1')) === true) times += 1;
    return times >= at.times;
  };
}

function strike(fault: Fault, spoken: Link, signal: (name: NodeJS.Signals) => void): void {
  const all = proxy.links();
  const one = fault.link === undefined ? spoken : (all[Math.floor(fault.link * all.length)] ?? spoken);
  const cut = (links: readonly Link[]): void => {
    for (const link of links) link.cut();
  };
  const stall = (links: readonly Link[]): void => {
    for (const link of links) link.stall();
    setTimeout(() => cut(links), STALL_MS);
  };
  const actions: Record<Kind, () => void> = {
    killed: () => {
      signal('SIGKILL');
      // As if the piece had never been sent.
      if (fault.before) spoken.cut();
    },
    'Ctrl-C': () => signal('SIGINT'),
    'one connection reset': () => one.cut(),
    'all connections reset': () => cut(all),
    'one connection stalled, then reset': () => stall([one]),
    'all connections stalled, then reset': () => stall(all),
    'half-closed to the program': () => one.halfClose('program'),
    'half-closed to the server': () => one.halfClose('server'),
    'connections refused': () => {
      proxy.accepting = false;
      one.cut();
    },
  };
  actions[fault.kind]();
}

/** One line that says what happened, one that says what to do, and nothing else. */
function isTold({ code, stderr }: Ended, kind: Kind): boolean {
  if (kind === 'killed') return code === null && stderr === '';
  if (kind === 'Ctrl-C')
    return code === 130 && /^\nStopping.*\nerror interrupted.*\n {2}Run .*\n$/.test(stderr);
  return code === 3 && /^error .+\n {2}\S.+\n$/.test(stderr) && !stderr.includes('fault of clinic-migrate');
}

/** The legacy database, but for the statistics that the server takes there when it finds the time. */
async function legacyOf({ database }: Legacy): Promise<Contents> {
  const { rows, schema } = await contentsOf(database.url);
  return { rows, schema: schema.filter((line) => !line.endsWith(' lacks statistics')) };
}

/** Takes an installation from nothing to its end under these faults, and answers with those that stopped a run. */
async function survive(faults: readonly Fault[]): Promise<Kind[]> {
  const source = await legacyDatabase(SCRIPT, CONFIG);
  try {
    const before = await legacyOf(source);
    const waiting = { provision: faults.slice(0, AT_ONCE.provision), split: faults.slice(AT_ONCE.provision) };
    const survived: Kind[] = [];
    for (const step of STEPS) {
      for (let isDone = false; !isDone; ) {
        const fault = waiting[step][0];
        const result = await run(source, step, fault);
        // The server has not yet noticed that the last run is gone.
        if (result.stderr.includes('another run of clinic-migrate is at work')) continue;
        waiting[step].shift();
        isDone = result.code === 0;
        if (isDone) continue;
        const what = JSON.stringify({ seed: SEED, step, fault, ...result });
        expect(fault !== undefined && result.struck && isTold(result, fault.kind), what).toBe(true);
        if (step === 'split')
          expect(halfDone(await installationOf(source.centralUrl), expected), what).toEqual([]);
        if (fault !== undefined) survived.push(fault.kind);
      }
    }
    const what = JSON.stringify({ seed: SEED, faults });
    expect(await installationOf(source.centralUrl), what).toEqual(expected);
    expect(await legacyOf(source), what).toEqual(before);
    const { findings } = await verifyCommand.run(source.context, ['data'], NO_OPTIONS);
    expect(findings.filter(({ severity }) => severity === 'error')).toEqual([]);
    return survived;
  } finally {
    await source.drop();
  }
}

it(`leaves the same rows and keys after ${FAULTS} faults as without any`, {
  timeout: FAULTS * 60_000,
}, async () => {
  // More than are needed, since a run may be through before its moment comes.
  const faults = fc
    .sample(moment, { seed: SEED, numRuns: FAULTS * 5 })
    .map((chosen, i): Fault => ({ kind: KINDS[i % KINDS.length] ?? 'killed', ...chosen }));
  const survived: Kind[] = [];
  for (let i = 0; survived.length < FAULTS && i < faults.length; i += AT_ONCE.all)
    survived.push(...(await survive(faults.slice(i, i + AT_ONCE.all))));
  const counts = [...new Set(KINDS)].map(
    (kind) => `${kind} ${survived.filter((one) => one === kind).length}`,
  );
  process.stdout.write(`${survived.length} faults survived (seed ${SEED}): ${counts.join(', ')}\n`);
  expect(survived.length).toBeGreaterThanOrEqual(FAULTS);
});
