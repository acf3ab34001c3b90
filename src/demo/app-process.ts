import { type ChildProcess, spawn } from 'node:child_process';
import { RunError } from '../core/errors.js';

/** A running application, listening on a port of its own on this machine. */
export interface RunningApp {
  /** `http://127.0.0.1:<port>`, without a slash at the end. */
  readonly baseUrl: string;
  /** Ends the process and waits until it is gone; safe to call twice. */
  stop(): Promise<void>;
  /** The end of what it has printed so far, with passwords in URLs struck out. */
  log(): string;
}

const LOG_LENGTH = 64 * 1024;
const START_SECONDS = 60;
const STOP_SECONDS = 10;

/**
 * Starts `node server.js` in an application's folder, with `env` on top of this process's environment and a free
 * port, and waits until it says `listening on <port>`. An application that ends before, or never says it, is a
 * RunError with the end of its log.
 */
export async function startApp(folder: string, env: Readonly<Record<string, string>>): Promise<RunningApp> {
  const child = spawn(process.execPath, ['server.js'], {
    cwd: folder,
    env: { ...process.env, PORT: '0', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const killChild = (): void => void child.kill('SIGKILL');
  process.once('exit', killChild);
  const closed = new Promise<void>((resolve) =>
    child.once('close', () => {
      process.removeListener('exit', killChild);
      resolve();
    }),
  );
  let output = '';
  const log = (): string => output.replace(/(:\/\/[^\s:/@]+):[^\s@]+@/g, '$1:…@');
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8');
    stream.on('data', (text: string) => {
      output = (output + text).slice(-LOG_LENGTH);
    });
  }
  const stop = (): Promise<void> => end(child, closed);
  try {
    const port = await listeningPort(child, () => output);
    return { baseUrl: `http://127.0.0.1:${port}`, stop, log };
  } catch (cause) {
    await stop();
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new RunError(`starting the application in ${folder}: ${reason}`, {
      hint: `The end of its log:\n${log().trim().split('\n').slice(-15).join('\n')}`,
      cause,
    });
  }
}

/** Resolves to the port as soon as the line is there; rejects where the process ends or time runs out. */
function listeningPort(child: ChildProcess, output: () => string): Promise<string> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(
      () => reject(new Error(`it did not listen within ${START_SECONDS} seconds`)),
      START_SECONDS * 1000,
    );
    const settle = (act: () => void): void => {
      clearTimeout(timer);
      act();
    };
    child.stdout?.on('data', () => {
      const port = /^listening on (\d+)$/m.exec(output())?.[1];
      if (port !== undefined) settle(() => resolve(port));
    });
    child.once('error', (error) => settle(() => reject(error)));
    child.once('close', (code, signal) =>
      settle(() => reject(new Error(`it ended before it listened (${signal ?? `exit code ${code}`})`))),
    );
  });
}

/** Asks the process to end, and makes it end where it does not. */
async function end(child: ChildProcess, closed: Promise<void>): Promise<void> {
  if (child.pid === undefined) return;
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_SECONDS * 1000);
  child.kill('SIGTERM');
  await closed;
  clearTimeout(timer);
}
