/**
 * A process that holds one PostgreSQL server for another process. Argument: JSON { folder, binary, args, account? }.
 * It prints `ready` when the server takes connections, and when its standard input closes (the other process stopped,
 * crashed or was killed) it stops the server, removes the folder and ends.
 */
import { spawn } from 'node:child_process';
import { rm } from 'node:fs/promises';

interface Task {
  readonly folder: string;
  readonly binary: string;
  readonly args: readonly string[];
  readonly account?: { readonly uid: number; readonly gid: number };
}

const task: Task = JSON.parse(process.argv[2] ?? '{}');

// Ctrl-C reaches a whole terminal; the server must outlive it until its owner has finished.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);
// The reader of our output may be gone; that is no reason to leave a server behind.
process.stdout.on('error', () => undefined);

const server = spawn(task.binary, task.args, {
  ...task.account,
  cwd: '/',
  detached: true,
  stdio: ['ignore', 'ignore', 'pipe'],
  env: { LC_ALL: 'C' },
});

let log = '';
let ready = false;
server.stderr.on('data', (data: Buffer) => {
  if (ready) return;
  log += data.toString();
  if (log.includes('ready to accept connections')) {
    ready = true;
    process.stdout.write('ready\n');
  }
});
server.on('error', (error) => process.stdout.write(error.message));
server.on('close', async () => {
  if (!ready) process.stdout.write(log);
  await rm(task.folder, { recursive: true, force: true });
  process.exit(ready ? 0 : 1);
});

process.stdin.resume();
// SIGINT is PostgreSQL's fast shutdown: clients are cut off, nothing is waited for.
process.stdin.on('close', () => server.kill('SIGINT'));
