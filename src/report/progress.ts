import ora, { type Ora } from 'ora';
import type { Progress, Task } from '../core/ports.js';
import { oneLine } from '../core/printable.js';
import { formatDuration, formatNumber } from './numbers.js';

/** Progress that nobody sees: not a terminal, or --quiet. */
export const silentProgress: Progress = {
  start: () => ({ advance() {}, done() {}, fail() {} }),
};

interface Running {
  text: string;
  done: number;
  bytes: number;
  readonly total: number | undefined;
  readonly unit: string;
  readonly since: number;
}

/** How often a line is drawn again, in milliseconds. */
const REDRAW = 100;

/**
 * One spinner on the terminal for the task that was started last; the others go on beneath it. `now` in
 * milliseconds.
 */
export function terminalProgress(stream: NodeJS.WriteStream, now: () => number = Date.now): Progress {
  const running: Running[] = [];
  const spinner: Ora = ora({ stream, discardStdin: false });
  let drawn = 0;
  const draw = (force: boolean): void => {
    const top = running.at(-1);
    // On a terminal without a width every line is endlessly long.
    if (top === undefined || stream.columns === 0) spinner.stop();
    else if (force || now() - drawn >= REDRAW) {
      drawn = now();
      spinner.text = describeTask(top, now());
      if (!spinner.isSpinning) spinner.start();
    }
  };
  stream.on('resize', () => stream.columns === 0 && spinner.stop());
  const end = (task: Running, settle: () => void): void => {
    const at = running.indexOf(task);
    if (at === -1) return;
    running.splice(at, 1);
    settle();
    draw(true);
  };
  return {
    start(text, { total, unit = '' } = {}): Task {
      const task: Running = { text, done: 0, bytes: 0, total, unit, since: now() };
      running.push(task);
      draw(true);
      return {
        advance(amount, replacement, bytes = 0) {
          task.done += amount;
          task.bytes += bytes;
          if (replacement !== undefined) task.text = replacement;
          draw(false);
        },
        done: (last) => end(task, () => last !== undefined && spinner.succeed(oneLine(last))),
        fail: (last) => end(task, () => last !== undefined && spinner.fail(oneLine(last))),
      };
    },
  };
}

/** How often a log gets a line, in milliseconds. */
const LOG_INTERVAL = 60_000;

/** For output that is kept: a line a minute, none for what is done sooner, and what a task leaves standing. `now` in milliseconds. */
export function logProgress(write: (line: string) => void, now: () => number = Date.now): Progress {
  const last = (text?: string): void => {
    if (text !== undefined) write(`${new Date(now()).toISOString()} ${oneLine(text)}\n`);
  };
  return {
    start(text, { total, unit = '' } = {}): Task {
      const task: Running = { text, done: 0, bytes: 0, total, unit, since: now() };
      let written = task.since;
      return {
        advance(amount, replacement, bytes = 0) {
          task.done += amount;
          task.bytes += bytes;
          if (replacement !== undefined) task.text = replacement;
          if (now() - written < LOG_INTERVAL) return;
          written = now();
          write(`${new Date(written).toISOString()} ${describeTask(task, written)}\n`);
        },
        done: last,
        fail: last,
      };
    },
  };
}

/** `Copying public.patients  41%  120,000 rows/s, 31.2 MB/s, 12 s left`. */
export function describeTask(task: Running, now: number): string {
  const seconds = (now - task.since) / 1000;
  const text = oneLine(task.text);
  if (task.done === 0 || seconds < 0.5) return text;
  const rate = task.done / seconds;
  const parts = [`${formatNumber(rate < 10 ? rate : Math.round(rate))} ${task.unit}/s`.replace(' /', '/')];
  if (task.bytes > 0) parts.push(`${formatNumber(task.bytes / seconds / 1e6)} MB/s`);
  if (task.total !== undefined && task.total > 0) {
    const share = Math.min(1, task.done / task.total);
    const left = (task.total - task.done) / rate;
    return `${text}  ${Math.floor(share * 100)}%  ${[...parts, `${formatDuration(left)} left`].join(', ')}`;
  }
  return `${text}  ${formatNumber(task.done)} ${task.unit}, ${parts.join(', ')}`;
}
