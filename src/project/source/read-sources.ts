import { posix } from 'node:path';
import type { AppConfig } from '../../config/types.js';
import type { FileFault } from '../../core/file-fault.js';
import type { Finding } from '../../core/finding.js';
import { FINDINGS } from '../../core/finding-codes.js';
import type { Files } from '../../core/ports.js';
import { decodeUtf8 } from '../../core/utf8.js';

/** The application's source as text, byte-order marks kept. */
export interface Sources {
  /** Absolute path to text, sorted by path. */
  readonly texts: ReadonlyMap<string, string>;
  /** The text of package.json, if there is one. */
  readonly manifest: string | undefined;
  /** The text of tsconfig.json or jsconfig.json, if there is one: import aliases are read from it. */
  readonly compilerSettings?: string | undefined;
  /** The application's own tests, as texts are: they run nothing, and call what the application offers. */
  readonly tests?: ReadonlyMap<string, string> | undefined;
  /** Files that were not read, with the reason. */
  readonly skipped?: ReadonlyMap<string, Skipped> | undefined;
}

/** Why a file is left out of the analysis, and whether it could speak to a database all the same. */
export interface Skipped {
  readonly reason: string;
  readonly namesSequelize: boolean;
  /** The text as far as it can be told, for what it loads of the application. */
  readonly text: string;
  /** True where the reason is a fault of this program. */
  readonly isFault?: boolean;
}

const SKIPPED = ['node_modules', 'dist', 'build', 'coverage', '.git', '.clinic-migrate', 'public'];
const SOURCE = /(?<!\.d|\.min)\.[cm]?[jt]s$/;
const TEST = /(^|\/)(tests?|__tests__|spec)\/|\.(test|spec)\.[cm]?[jt]s$/;

/** True for a file that is one of the application's tests. */
export function isTest(root: string, path: string): boolean {
  return TEST.test(posix.relative(root, path));
}

/** Reads every JavaScript and TypeScript file below the application's root, its tests apart. */
export async function readSources(files: Files, app: AppConfig): Promise<Sources> {
  const texts = new Map<string, string>();
  const tests = new Map<string, string>();
  const skipped = new Map<string, Skipped>();
  for (const path of await files.list(app.root, SKIPPED)) {
    if (!SOURCE.test(path)) continue;
    const inTests = isTest(app.root, path);
    const bytes = await files.readBytes(path);
    if (bytes === undefined) continue;
    const text = decodeUtf8(bytes);
    const reason = text === undefined ? 'it is not UTF-8 text' : whyNotByHand(text);
    if (text !== undefined && reason === undefined) (inTests ? tests : texts).set(path, text);
    else if (!inTests)
      skipped.set(path, {
        reason: reason ?? '',
        namesSequelize: bytes.includes('sequelize'),
        text: text ?? Buffer.from(bytes).toString('latin1'),
      });
  }
  const read = async (name: string): Promise<string | undefined> => files.read(posix.join(app.root, name));
  return {
    texts,
    tests,
    skipped,
    manifest: await read('package.json'),
    compilerSettings: (await read('tsconfig.json')) ?? (await read('jsconfig.json')),
  };
}

const MOST_CHARACTERS = 1_000_000;
const LONGEST_LINE = 10_000;

/** Why a text is no source that people edit; undefined where it may be. */
function whyNotByHand(text: string): string | undefined {
  if (text.length > MOST_CHARACTERS) return `it has more than ${MOST_CHARACTERS / 1e6} million characters`;
  const isMinified = text.length > LONGEST_LINE && new RegExp(`^.{${LONGEST_LINE}}`, 'm').test(text);
  return isMinified
    ? `it has a line of more than ${LONGEST_LINE} characters, as generated code has`
    : undefined;
}

/** The sources without a file at which this program failed; the fault itself where that was left out already. */
export function withoutFaulty(sources: Sources, { file, message, cause }: FileFault): Sources {
  const text = sources.texts.get(file);
  if (text === undefined) throw cause;
  const texts = new Map([...sources.texts].filter(([path]) => path !== file));
  const fault: Skipped = { reason: message, namesSequelize: true, text, isFault: true };
  return { ...sources, texts, skipped: new Map([...(sources.skipped ?? []), [file, fault]]) };
}

/** What the analysis does not see; an error where Sequelize is named there. */
export function skippedFindings({ skipped = new Map<string, Skipped>() }: Sources): Finding[] {
  return [...skipped].map(([file, { reason, namesSequelize, isFault = false }]) => {
    const code = isFault ? 'CODE_INTERNAL' : 'CODE_FILE_SKIPPED';
    return {
      code,
      severity: namesSequelize ? 'error' : 'info',
      message: isFault
        ? `the file was left out, because clinic-migrate failed at it: ${reason}`
        : `the file was left out: ${reason}`,
      location: { file, line: 1, column: 1 },
      hint: FINDINGS[code].mend,
    };
  });
}
