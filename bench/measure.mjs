// Runs a command and says how long it took and what it used.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import pg from 'pg';

const REPORTER = fileURLToPath(new URL('./report-usage.mjs', import.meta.url));

/** Seconds of wall time and of CPU, and the peak of resident memory in MB, of a Node program. */
export async function measureNode(args, options = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'bench-'));
  const file = join(folder, 'usage.json');
  try {
    const seconds = await measure(process.execPath, ['--import', REPORTER, ...args], {
      ...options,
      env: { ...process.env, ...options.env, BENCH_USAGE: file },
    });
    return { seconds, ...JSON.parse(readFileSync(file, 'utf8')) };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Seconds of wall time; an exit code other than 0 is an error with what the command printed. */
export function measure(command, args, options = {}) {
  return new Promise((resolve, reject) => {
    const start = performance.now();
    let output = '';
    // In a group of its own: pgcopydb signals its whole group when it fails.
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], detached: true, ...options });
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (text) => {
        output = (output + text).slice(-2000);
      });
    child.once('error', reject);
    child.once('close', (code) => {
      if (code === 0) resolve((performance.now() - start) / 1000);
      else reject(new Error(`${command} ${args.join(' ')} ended with ${code}:\n${output}`));
    });
  });
}

/** Seconds of CPU that the server's sessions took that have ended; undefined where the system does not say. */
export async function serverCpu(url) {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const [{ data_directory: folder }] = (await client.query('SHOW data_directory')).rows;
  await client.end();
  try {
    const pid = readFileSync(join(folder, 'postmaster.pid'), 'utf8').split('\n')[0];
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
    return (Number(fields[13]) + Number(fields[14])) / 100;
  } catch {
    return undefined;
  }
}
