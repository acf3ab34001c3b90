import { expect } from 'vitest';
import type { Command, Context } from '../../src/commands/command.js';
import { inspectCommand } from '../../src/commands/inspect.js';
import { provisionCommand } from '../../src/commands/provision.js';
import { splitCommand } from '../../src/commands/split.js';
import type { Finding } from '../../src/core/finding.js';
import { withDatabase } from '../../src/core/urls.js';
import { NO_OPTIONS } from './context.js';
import { adminUrl, withSession } from './postgres.js';

const COMMANDS: readonly Command[] = [inspectCommand, provisionCommand, splitCommand];

/** One thing that a hint says to do. */
export type Step =
  | { readonly database: string; readonly sql: string }
  | { readonly command: string; readonly args: readonly string[]; readonly flags: readonly string[] };

/** What a hint says to do, in its order: `In database "x": …;` and command lines in backquotes. */
export function stepsOf(hint: string): Step[] {
  const steps: Step[] = [];
  const pattern =
    /[Ii]n database ("(?:[^"]|"")+"): ([\s\S]*?;)(?= Then run | Then in database |$)|`clinic-migrate ([^`]+)`/g;
  for (const [, name, sql, line] of hint.matchAll(pattern)) {
    if (name !== undefined && sql !== undefined)
      steps.push({ database: name.slice(1, -1).replaceAll('""', '"'), sql });
    if (line !== undefined) {
      const words = [...line.matchAll(/'((?:[^']|'\\'')*)'|(\S+)/g)].map(
        ([, quoted, plain]) => quoted?.replaceAll("'\\''", "'") ?? plain ?? '',
      );
      const [command = '', ...rest] = words;
      const isFlag = (word: string): boolean => word.startsWith('--');
      steps.push({ command, args: rest.filter((word) => !isFlag(word)), flags: rest.filter(isFlag) });
    }
  }
  return steps;
}

/** The lines of configuration that a hint names, as one object. */
export function configOf(hint: string): Record<string, unknown> {
  const config: Record<string, unknown> = {};
  for (const { index, 0: key } of hint.matchAll(/\b(?:tables|clinics|legacy): (?=\{)/g)) {
    let depth = 0;
    let end = index + key.length;
    do {
      if (hint[end] === '{') depth += 1;
      if (hint[end] === '}') depth -= 1;
      end += 1;
    } while (depth > 0);
    const text = hint.slice(index + key.length, end);
    // A place that is left open is for a person to fill.
    if (!text.includes('…')) merge(config, { [key.slice(0, -2)]: literal(text) });
  }
  return config;
}

/** A JavaScript literal; an error that shows it where it is none. */
function literal(text: string): unknown {
  try {
    return new Function(`return ${text}`)() as unknown;
  } catch (error) {
    throw new Error(`no literal: ${text}`, { cause: error });
  }
}

/** Adds what another object says to one, deep. */
export function merge(into: Record<string, unknown>, more: Record<string, unknown>): void {
  for (const [key, value] of Object.entries(more)) {
    const known = into[key];
    const isPlain = (each: unknown): each is Record<string, unknown> =>
      typeof each === 'object' && each !== null && !Array.isArray(each);
    if (isPlain(known) && isPlain(value)) merge(known, value);
    else into[key] = structuredClone(value);
  }
}

/** Runs the statements and the command lines of the finding's hint, to the letter, as a superuser. */
export async function follow(finding: Finding | undefined, { context }: { context: Context }): Promise<void> {
  const steps = stepsOf(finding?.hint ?? '');
  expect(steps, `nothing to follow in: ${finding?.code} ${finding?.hint}`).not.toEqual([]);
  for (const step of steps) {
    if ('sql' in step) {
      await withSession(withDatabase(adminUrl(), step.database), (session) => session.execute(step.sql));
      continue;
    }
    const command = COMMANDS.find(({ name }) => name === step.command);
    if (command === undefined) throw new Error(`no command ${step.command}`);
    const flags = Object.fromEntries(step.flags.map((flag) => [flag.slice(2), true]));
    await command.run(context, step.args, { ...NO_OPTIONS, ...flags });
  }
}
