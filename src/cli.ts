import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Chalk, type ChalkInstance } from 'chalk';
import { Command as Commander, CommanderError, InvalidArgumentError, Option } from 'commander';
import { nodeFiles } from './adapters/files.js';
import { git } from './adapters/git.js';
import { closeConnections, cutConnections, databases, dumper, startServer } from './adapters/on-demand.js';
import { packageRoot } from './adapters/package-root.js';
import { terminalPrompter } from './adapters/prompts.js';
import type { Command, CommonOptions, Context } from './commands/command.js';
import { EXIT, type ExitCode, InterruptedError, RunError, UsageError } from './core/errors.js';
import type { Progress, Prompter } from './core/ports.js';
import { printable } from './core/printable.js';
import { errorText } from './report/error-text.js';
import { githubReport } from './report/github.js';
import { htmlReport } from './report/html.js';
import { jsonReport } from './report/json.js';
import { logProgress, silentProgress, terminalProgress } from './report/progress.js';
import type { Report } from './report/report.js';
import { sarifReport } from './report/sarif.js';
import { svgReport } from './report/svg.js';
import { textReport } from './report/text.js';

/** Each is loaded where it is run or described: the two halves of the program need different, and large, libraries. */
const COMMANDS: Readonly<Record<string, () => Promise<Command>>> = {
  init: async () => (await import('./commands/init.js')).initCommand,
  inspect: async () => (await import('./commands/inspect.js')).inspectCommand,
  provision: async () => (await import('./commands/provision.js')).provisionCommand,
  split: async () => (await import('./commands/split.js')).splitCommand,
  verify: async () => (await import('./commands/verify.js')).verifyCommand,
  codemod: async () => (await import('./commands/codemod.js')).codemodCommand,
  scaffold: async () => (await import('./commands/scaffold.js')).scaffoldCommand,
  demo: async () => (await import('./commands/demo.js')).demoCommand,
};

interface Flags extends CommonOptions, Record<string, unknown> {
  readonly config?: string;
  readonly reporter: string;
  readonly output?: string;
  readonly quiet: boolean;
  readonly verbose: boolean;
  readonly color: boolean;
}

const version = readVersion();

/** Where there is no terminal, or one that has no width. */
const HELP_WIDTH = 80;

/** Runs one command line (without node and script) and answers with the exit code. */
export async function main(argv: readonly string[]): Promise<ExitCode> {
  let code: ExitCode = EXIT.ok;
  const program = new Commander('clinic-migrate')
    .description(
      'Move an Express + Sequelize + PostgreSQL application to one database per clinic: data and code.',
    )
    .version(version, '-V, --version')
    .exitOverride()
    .configureOutput({
      getOutHasColors: () => hasColour(process.stdout, true),
      getErrHasColors: () => false,
      getOutHelpWidth: () => process.stdout.columns || HELP_WIDTH,
      getErrHelpWidth: () => process.stderr.columns || HELP_WIDTH,
      writeErr: (text) => void process.stderr.write(printable(text)),
    })
    .showHelpAfterError('(--help shows what there is)');
  for (const command of await commandsFor(argv)) {
    register(program, command, async (args, flags) => {
      code = await perform(command, args, flags);
    });
  }
  try {
    await program.parseAsync(argv, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    code = error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  }
  return code;
}

/** The one that is run; all of them where the line asks for something else. */
function commandsFor([name = '']: readonly string[]): Promise<Command[]> {
  const load = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  return Promise.all((load === undefined ? Object.values(COMMANDS) : [load]).map((one) => one()));
}

function register(
  program: Commander,
  command: Command,
  action: (args: string[], flags: Flags) => Promise<void>,
): void {
  const reporters = ['text', 'json', ...(command.reporters ?? [])];
  const sub = program.command(command.name).description(command.summary).exitOverride();
  const { argument } = command;
  if (argument !== undefined) sub.argument(argument.notation, argument.description);
  for (const { flags, description } of command.options) sub.option(flags, description);
  sub
    .option(
      '--config <file>',
      command.writesConfig
        ? 'where to write it; otherwise clinic-migrate.config.mjs here'
        : 'the configuration; otherwise clinic-migrate.config.* here or above',
    )
    .addOption(
      new Option('--reporter <name>', 'how the result is printed').choices(reporters).default('text'),
    )
    .option('--output <file>', 'write the result to a file instead of standard output')
    .option('--dry-run', 'do everything up to the first write', false)
    .option('--jobs <n>', 'how many things to do at once', positiveInteger)
    .option('--yes', 'ask nothing', false)
    .option('--quiet', 'print nothing but the result', false)
    .option('--verbose', 'show the stack of an error', false)
    .option('--no-color', 'no colours; NO_COLOR does the same')
    .addHelpText('after', examplesText(command))
    .action(async () => {
      await action(sub.args, sub.opts<Flags>());
    });
}

function positiveInteger(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1)
    throw new InvalidArgumentError('It must be a whole number from 1.');
  return value;
}

function examplesText({ examples }: Command): string {
  return `\nExamples:\n${examples.map(({ line, what }) => `  # ${what}\n  $ ${line}`).join('\n')}\n`;
}

/** Builds what the command may touch, runs it and prints its report or its error. */
async function perform(command: Command, args: readonly string[], flags: Flags): Promise<ExitCode> {
  const errPaint = chalk(hasColour(process.stderr, flags.color));
  const interrupt = new AbortController();
  const stop = onStopSignals(() => interrupt.abort(new InterruptedError('interrupted')));
  try {
    const { loadConfig } = await import('./config/load-config.js'); // --help needs none
    const { config, env } = await loadConfig({
      directory: process.cwd(),
      file: command.writesConfig ? null : flags.config,
      env: process.env,
      files: nodeFiles,
    });
    const watched = !flags.quiet && flags.reporter === 'text' && flags.output === undefined;
    const context: Context = {
      config,
      env,
      databases,
      dumper,
      files: nodeFiles,
      versionControl: git,
      progress: progressFor(flags),
      prompter: prompterFor(interrupt.signal),
      startServer,
      say: (line) => void (watched && process.stdout.write(`${line}\n`)),
      paint: chalk(hasColour(process.stdout, flags.color) && watched),
      signal: interrupt.signal,
    };
    const report = await command.run(context, args, flags);
    await print(report, flags);
    return report.ok ? EXIT.ok : EXIT.findings;
  } catch (error) {
    if (interrupt.signal.aborted) {
      process.stderr.write(errorText(interruption(error), errPaint, flags.verbose));
      return EXIT.interrupted;
    }
    process.stderr.write(errorText(error, errPaint, flags.verbose));
    return error instanceof UsageError || error instanceof RunError || error instanceof InterruptedError
      ? error.exitCode
      : EXIT.failure;
  } finally {
    stop();
  }
}

/** A line that changes for who watches, on a terminal that has a width; a line a minute where it is kept. */
function progressFor({ quiet }: Flags): Progress {
  if (quiet) return silentProgress;
  return process.stderr.isTTY && process.stderr.columns > 0
    ? terminalProgress(process.stderr)
    : logProgress((line) => void process.stderr.write(line));
}

/** Questions go to standard error, so that the result may go elsewhere. Some terminals have no width to write in. */
function prompterFor(signal: AbortSignal): Prompter | undefined {
  const { stdin, stderr } = process;
  const isTerminal = stdin.isTTY && stderr.isTTY && stderr.columns > 0;
  return isTerminal ? terminalPrompter(stdin, stderr, signal) : undefined;
}

/** How long a run that is told to stop may go on to its next safe point, in milliseconds. */
const PATIENCE = 3000;

/**
 * The first signal asks for a clean stop, and takes the servers away from a run that does not come to it, since
 * what is not committed does not count; the second signal ends the process.
 */
function onStopSignals(ask: () => void): () => void {
  let timer: NodeJS.Timeout | undefined;
  const handler = (): void => {
    if (timer !== undefined) process.exit(EXIT.interrupted);
    timer = setTimeout(() => void cutConnections(), PATIENCE);
    process.stderr.write('\nStopping at the next safe point; once more stops at once.\n');
    ask();
  };
  process.on('SIGINT', handler).on('SIGTERM', handler);
  return () => {
    clearTimeout(timer);
    process.off('SIGINT', handler).off('SIGTERM', handler);
  };
}

/** However a stop shows itself, as a connection that was cut for instance: what was asked for, and what is next. */
function interruption(error: unknown): InterruptedError {
  const known = error instanceof InterruptedError ? error : undefined;
  return new InterruptedError(known?.message ?? 'interrupted', {
    hint: known?.hint ?? 'Run the same command again: it goes on where it stopped.',
    cause: error,
  });
}

async function print(report: Report, flags: Flags): Promise<void> {
  const toFile = flags.output !== undefined;
  const text = await render(report, flags.reporter, chalk(!toFile && hasColour(process.stdout, flags.color)));
  if (flags.output !== undefined) await nodeFiles.write(resolve(flags.output), text);
  else await new Promise<void>((resolve) => void process.stdout.write(text, () => resolve()));
}

async function render(report: Report, reporter: string, paint: ChalkInstance): Promise<string> {
  if (reporter === 'json') return jsonReport(report);
  if (reporter === 'sarif') return sarifReport(report, process.cwd(), version);
  if (reporter === 'github') return githubReport(report, process.cwd());
  if (reporter === 'html') return htmlReport(report);
  if (reporter === 'svg' && report.graph !== undefined) return svgReport(report.graph);
  return textReport(report, paint);
}

/** NO_COLOR (https://no-color.org), then FORCE_COLOR, then whether a person is looking. */
function hasColour(stream: NodeJS.WriteStream, wanted: boolean): boolean {
  const { NO_COLOR, FORCE_COLOR } = process.env;
  if (!wanted || (NO_COLOR !== undefined && NO_COLOR !== '')) return false;
  if (FORCE_COLOR !== undefined) return FORCE_COLOR !== '0';
  return stream.isTTY === true;
}

function chalk(colour: boolean): ChalkInstance {
  return new Chalk({ level: colour ? 1 : 0 });
}

function readVersion(): string {
  const text = readFileSync(join(packageRoot(), 'package.json'), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}

process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  // `clinic-migrate … | head` closes the pipe early; that is no failure.
  if (error.code !== 'EPIPE') throw error;
});
process.exitCode = await main(process.argv.slice(2));
// Whatever a fault left open: nobody waits for a session that nobody uses.
await closeConnections();
