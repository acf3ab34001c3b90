import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { verifyCommand } from '../../src/commands/verify.js';
import { NO_OPTIONS } from '../support/context.js';
import { type Legacy, legacyDatabase } from '../support/legacy.js';
import { adminUrl } from '../support/postgres.js';
import { start } from '../support/program.js';
import { type Proxy as PostgresProxy, startProxy } from '../support/proxy.js';
import { CONFIG, halfDone, type Installation, installationOf, SCRIPT } from '../support/under-fault.js';

let source: Legacy;
let proxy: PostgresProxy;
beforeAll(async () => {
  proxy = await startProxy(adminUrl());
  source = await legacyDatabase(SCRIPT, CONFIG);
  expect(await start(['provision', '--quiet'], source.folder, source.env).ended).toMatchObject({ code: 0 });
});
afterAll(async () => {
  await proxy?.close();
  await source?.drop();
});

/** What is said to a server at the beginning of each stage. */
const STAGES = [
  ['the survey', /SET TRANSACTION SNAPSHOT/],
  ['the copy', /COPY .* FROM STDIN/],
  ['the finishing', /ADD CONSTRAINT/],
] as const;

const TOLD =
  /^\nStopping at the next safe point; once more stops at once\.\nerror interrupted.*\n {2}Run .*\n$/;
/** A run that is told to stop has ended by then, on a busy machine too. */
const SOON_MS = 15_000;

/** Runs split, and does something when it says this; answers with the end and how long it took from there. */
async function splitUntil(said: RegExp, act: (running: ReturnType<typeof start>) => void) {
  const urls = ['LEGACY', 'CENTRAL', 'SERVER'].map((name) => [name, proxy.through(String(source.env[name]))]);
  const running = start(['split', '--quiet'], source.folder, { ...source.env, ...Object.fromEntries(urls) });
  let since: number | undefined;
  proxy.onPiece = ({ from, bytes }) => {
    if (since !== undefined || from !== 'program' || !said.test(bytes.toString('latin1'))) return;
    since = performance.now();
    act(running);
  };
  const ended = await running.ended;
  const milliseconds = performance.now() - (since ?? 0);
  // What a stalled session holds locked can be read again.
  proxy.reset();
  return { ...ended, milliseconds };
}

const stallAll = (): void => {
  for (const link of proxy.links()) link.stall();
};

describe('Ctrl-C', () => {
  const seen: Installation[] = [];

  it.each(STAGES)('stops split in the midst of %s, and says how to go on', async (_, said) => {
    const { code, stderr } = await splitUntil(said, ({ child }) => child.kill('SIGINT'));
    expect(stderr).toMatch(TOLD);
    expect(code).toBe(130);
    seen.push(await installationOf(source.centralUrl));
  });

  it('stops it in the midst of the copy while no server says anything', async () => {
    const { code, stderr, milliseconds } = await splitUntil(/COPY .* FROM STDIN/, ({ child }) => {
      stallAll();
      child.kill('SIGINT');
    });
    expect(stderr).toMatch(TOLD);
    expect(code).toBe(130);
    expect(milliseconds).toBeLessThan(SOON_MS);
    seen.push(await installationOf(source.centralUrl));
  });

  it('ends it at once when pressed again', async () => {
    const { code, stderr } = await splitUntil(/COPY .* FROM STDIN/, ({ child }) => {
      stallAll();
      child.kill('SIGINT');
      child.stderr?.once('data', () => child.kill('SIGINT'));
    });
    expect(stderr).toMatch(/^\nStopping at the next safe point; once more stops at once\.\n$/);
    expect(code).toBe(130);
    seen.push(await installationOf(source.centralUrl));
  });

  it('leaves no clinic half copied, and the next run finishes', async () => {
    let code: number | null = 3;
    // The server may not have noticed yet that the last run is gone.
    while (code === 3) ({ code } = await start(['split', '--quiet'], source.folder, source.env).ended);
    expect(code).toBe(0);
    const whole = await installationOf(source.centralUrl);
    expect(seen).toHaveLength(5);
    for (const each of seen) expect(halfDone(each, whole)).toEqual([]);
    const { findings } = await verifyCommand.run(source.context, ['data'], NO_OPTIONS);
    expect(findings.filter(({ severity }) => severity === 'error')).toEqual([]);
  });
});
