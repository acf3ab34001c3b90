import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { provisionCommand } from '../../src/commands/provision.js';
import { verifyCommand } from '../../src/commands/verify.js';
import { NO_OPTIONS } from '../support/context.js';
import { type SampleMigration, sampleMigration } from '../support/sample-migration.js';

const PROGRAM = join(import.meta.dirname, '../../bin/clinic-migrate.js');
const KILLS = 10;

let sample: SampleMigration | undefined;
afterAll(() => sample?.drop());

/** Runs split as a process of its own; killed after so many milliseconds, or left alone. */
function split(folder: string, env: Record<string, string>, killAfter?: number): Promise<number | null> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [PROGRAM, 'split', '--quiet'], {
      cwd: folder,
      env: { PATH: process.env['PATH'] ?? '', ...env },
      stdio: 'ignore',
    });
    const timer = killAfter === undefined ? undefined : setTimeout(() => child.kill('SIGKILL'), killAfter);
    child.once('error', reject);
    child.once('close', (code) => {
      clearTimeout(timer);
      resolve(code);
    });
  });
}

it('is finished by the next run, wherever it was killed', { timeout: 120_000 }, async () => {
  sample = await sampleMigration(4, 30_000);
  const { context, folder, env } = sample;
  expect((await provisionCommand.run(context, [], NO_OPTIONS)).ok).toBe(true);
  let killed = 0;
  for (let i = 0; i < KILLS; i += 1) {
    // From before the first statement to well into the copy.
    const code = await split(folder, env, 350 + i * 110);
    if (code === null) killed += 1;
    else if (code === 3)
      continue; // the killed run's server session still holds the lock
    else break;
  }
  expect(killed).toBeGreaterThan(3);
  for (let code: number | null = 3; code !== 0; ) {
    code = await split(folder, env);
    expect([0, 3]).toContain(code);
  }
  const report = await verifyCommand.run(context, ['data'], NO_OPTIONS);
  expect(report.findings.filter(({ severity }) => severity === 'error')).toEqual([]);
});
