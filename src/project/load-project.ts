import { posix } from 'node:path';
import { Project, ts } from 'ts-morph';
import type { AppConfig } from '../config/types.js';
import type { Files } from '../core/ports.js';

/** The application's source as text, byte-order marks kept. */
export interface Sources {
  /** Absolute path to text, sorted by path. */
  readonly texts: ReadonlyMap<string, string>;
  /** The text of package.json, if there is one. */
  readonly manifest: string | undefined;
}

/** The application's source, parsed and bound once; everything else is derived from it and never changes it. */
export interface AppProject {
  readonly app: AppConfig;
  readonly files: readonly ts.SourceFile[];
  readonly checker: ts.TypeChecker;
  readonly manifest: string | undefined;
  /** The file with this absolute path. */
  file(path: string): ts.SourceFile | undefined;
  /** Messages of the parser; empty where the file is sound. */
  syntaxErrors(file: ts.SourceFile): readonly ts.Diagnostic[];
}

const SKIPPED = ['node_modules', 'dist', 'build', 'coverage', '.git', '.clinic-migrate', 'public'];
const SOURCE = /(?<!\.d|\.min)\.[cm]?[jt]s$/;
const TEST = /(^|\/)(tests?|__tests__|spec)\/|\.(test|spec)\.[cm]?[jt]s$/;

/** Reads every JavaScript and TypeScript file below the application's root, its tests left out. */
export async function readSources(files: Files, app: AppConfig): Promise<Sources> {
  const texts = new Map<string, string>();
  for (const path of await files.list(app.root, SKIPPED)) {
    if (!SOURCE.test(path) || TEST.test(posix.relative(app.root, path))) continue;
    const text = await files.read(path);
    if (text !== undefined) texts.set(path, text);
  }
  return { texts, manifest: await files.read(posix.join(app.root, 'package.json')) };
}

/** Parses and binds the sources. Pure: nothing is read from disk, and imports are resolved by us alone. */
export function openProject(sources: Sources, app: AppConfig): AppProject {
  const project = new Project({
    useInMemoryFileSystem: true,
    skipLoadingLibFiles: true,
    compilerOptions: {
      allowJs: true,
      noLib: true,
      noResolve: true,
      target: ts.ScriptTarget.ESNext,
      module: ts.ModuleKind.ESNext,
      types: [],
    },
  });
  for (const [path, text] of sources.texts) project.createSourceFile(path, withoutMark(text));
  const program = project.getProgram().compilerObject;
  const files = [...sources.texts.keys()].flatMap((path) => program.getSourceFile(path) ?? []);
  const byPath = new Map(files.map((file) => [file.fileName, file]));
  return {
    app,
    files,
    checker: program.getTypeChecker(),
    manifest: sources.manifest,
    file: (path) => byPath.get(path),
    syntaxErrors: (file) => program.getSyntacticDiagnostics(file),
  };
}

/** The text without its byte-order mark; offsets of nodes count from there. */
export function withoutMark(text: string): string {
  return text.startsWith('\uFEFF') ? text.slice(1) : text;
}
