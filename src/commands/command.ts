import type { ChalkInstance } from 'chalk';
import type { Config } from '../config/types.js';
import type {
  Databases,
  EmbeddedServer,
  Files,
  Progress,
  Prompter,
  SchemaDumper,
  VersionControl,
} from '../core/ports.js';
import type { Report } from '../report/report.js';

/** What a command may touch besides its arguments. Built by cli.ts, once. */
export interface Context {
  readonly config: Config;
  readonly databases: Databases;
  readonly dumper: SchemaDumper;
  readonly files: Files;
  readonly versionControl: VersionControl;
  readonly progress: Progress;
  /** Undefined where nobody sits at a terminal. */
  readonly prompter: Prompter | undefined;
  /** Starts a throw-away PostgreSQL of our own. */
  readonly startServer: () => Promise<EmbeddedServer>;
  /** A line for a person who watches, at once; silent with --quiet and with reporters for machines. */
  readonly say: (line: string) => void;
  /** Colours for say(); none where nobody would see them. */
  readonly paint: ChalkInstance;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Aborted by Ctrl-C: stop at the next safe point with an InterruptedError. */
  readonly signal: AbortSignal;
}

/** The flags that every command has. */
export interface CommonOptions {
  readonly dryRun: boolean;
  /** How many things to do at once; undefined leaves it to the command. */
  readonly jobs: number | undefined;
  readonly yes: boolean;
}

/** An option in commander's notation: `--save`, `--url <url>`. */
export interface OptionSpec {
  readonly flags: string;
  readonly description: string;
}

/** A command: thin, from options through stages to a report. Registered in cli.ts. */
export interface Command {
  readonly name: string;
  /** In commander's notation: `[clinic...]`, `<paths...>`; undefined where there are none. */
  readonly argument?: { readonly notation: string; readonly description: string };
  readonly summary: string;
  readonly options: readonly OptionSpec[];
  /** True where the command writes the configuration: none is read then, and --config says where it goes. */
  readonly writesConfig?: true;
  /** Formats it can print besides `text` and `json`. */
  readonly reporters?: readonly ('sarif' | 'github' | 'html' | 'svg')[];
  /** Complete command lines with what each is for, shown under --help. */
  readonly examples: readonly { readonly line: string; readonly what: string }[];
  /** Own options arrive under their camel-cased names, as commander parses them. */
  run(
    context: Context,
    args: readonly string[],
    options: CommonOptions & Readonly<Record<string, unknown>>,
  ): Promise<Report>;
}
