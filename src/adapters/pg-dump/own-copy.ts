import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { packageRoot } from '../package-root.js';
import type { DumpTask, FromWorker } from './bridge.js';
import { openWire, type Wire } from './wire.js';

const LOST = 'server closed the connection unexpectedly';

/**
 * Runs the pg_dump that the program carries, in a thread of its own; the connection stays in this one. It only reads,
 * so where it takes its connection for lost, it is run once more: seen twice in thousands of runs on a busy machine,
 * whose server had closed nothing. Where that was true, connecting again says so.
 */
export async function dumpWithOwnCopy(url: string, args: readonly string[]): Promise<string> {
  try {
    return await dumpOnce(url, args);
  } catch (error) {
    if (!(error instanceof Error && error.message.includes(LOST))) throw error;
    return dumpOnce(url, args);
  }
}

async function dumpOnce(url: string, args: readonly string[]): Promise<string> {
  const wire = await openWire(url);
  try {
    return await runWorker(wire, args);
  } finally {
    wire.close();
  }
}

async function runWorker(wire: Wire, args: readonly string[]): Promise<string> {
  const answers = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT);
  const task: DumpTask = { args, greeting: wire.greeting, answers };
  const worker = new Worker(join(packageRoot(), 'dist/adapters/pg-dump/worker.js'), {
    workerData: task,
    execArgv: [],
    stdout: true,
    stderr: true,
  });
  try {
    return await new Promise<string>((resolve, reject) => {
      worker.on('message', (message: FromWorker) => {
        if (message.kind === 'dumped') return resolve(message.text);
        if (message.kind === 'failed') return reject(new Error(message.reason));
        wire.exchange(message.bytes, message.ready).then((answer) => {
          worker.postMessage(answer);
          Atomics.add(new Int32Array(answers), 0, 1);
          Atomics.notify(new Int32Array(answers), 0);
        }, reject);
      });
      worker.on('error', reject);
      worker.on('exit', () => reject(new Error('pg_dump ended without a result')));
    });
  } finally {
    await worker.terminate();
  }
}
