import { type ChildProcessByStdio, spawn, spawnSync } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { stripVTControlCharacters } from 'node:util';

/** True where util-linux's script can make a terminal. */
export function hasTerminal(): boolean {
  return spawnSync('script', ['--version'], { encoding: 'utf8' }).stdout?.includes('util-linux') === true;
}

/** A program on a terminal of its own, and what it has shown there. */
export interface Terminal {
  /** Resolves when this text has been shown since the last keys were pressed. */
  shows(text: string): Promise<void>;
  press(keys: string): void;
  /** Exit code and everything that was shown, without colours and cursor movements. */
  end(): Promise<{ code: number | null; screen: string }>;
}

/** Runs a command line of the shell on a terminal of so many columns. */
export function openTerminal(
  command: string,
  cwd: string,
  env: Record<string, string>,
  columns = 120,
): Terminal {
  const child: ChildProcessByStdio<Writable, Readable, null> = spawn(
    'script',
    ['-qfec', `stty cols ${columns} rows ${columns === 0 ? 0 : 50}; ${command}`, '/dev/null'],
    {
      cwd,
      env: { PATH: process.env.PATH, TERM: 'xterm', SHELL: '/bin/sh', ...env },
      stdio: ['pipe', 'pipe', 'ignore'],
    },
  );
  let screen = '';
  let seen = 0;
  let changed = (): void => undefined;
  child.stdout.on('data', (data: Buffer) => {
    screen += data.toString();
    changed();
  });
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  const plain = (): string => stripVTControlCharacters(screen);
  return {
    shows: (text) =>
      new Promise((resolve, reject) => {
        changed = () => {
          if (plain().includes(text, seen)) resolve();
        };
        changed();
        void ended.then(() => reject(new Error(`it ended without showing ${text}:\n${plain()}`)));
      }),
    press(keys) {
      seen = plain().length;
      child.stdin.write(keys);
    },
    async end() {
      const code = await ended;
      return { code, screen: plain() };
    },
  };
}
