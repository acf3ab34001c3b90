import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';

const PROGRAM = join(import.meta.dirname, '../../bin/clinic-migrate.js');

/** How a run of the program ended. */
export interface Ended {
  /** Null where a signal ended it. */
  readonly code: number | null;
  readonly stderr: string;
  readonly stdout: string;
}

/** A run of the program as a process of its own. */
export interface Running {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
}

/** Starts the program as a person would, in a folder with a configuration. */
export function start(args: readonly string[], folder: string, env: Record<string, string>): Running {
  const child = spawn(process.execPath, [PROGRAM, ...args], {
    cwd: folder,
    env: { PATH: process.env['PATH'] ?? '', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const)
    child[name].on('data', (bytes: Buffer) => (output[name] += bytes.toString()));
  const ended = new Promise<Ended>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, ...output }));
  });
  return { child, ended };
}
