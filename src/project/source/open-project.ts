import { posix } from 'node:path';
import { ts } from 'ts-morph';
import type { AppConfig } from '../../config/types.js';
import type { Sources } from './read-sources.js';

/** The application's source, parsed and bound once; everything else is derived from it and never changes it. */
export interface AppProject {
  readonly app: AppConfig;
  readonly files: readonly ts.SourceFile[];
  readonly manifest: string | undefined;
  /** Import aliases: the part before `*`, and the absolute path it stands for. */
  readonly aliases: readonly { readonly prefix: string; readonly path: string }[];
  /** The file with this absolute path. */
  file(path: string): ts.SourceFile | undefined;
  /** Files that were not read, empty, with the specifiers of what they are seen to load. */
  readonly unread: ReadonlyMap<ts.SourceFile, readonly string[]>;
  /** Messages of the parser; empty where the file is sound. */
  syntaxErrors(file: ts.SourceFile): readonly ts.Diagnostic[];
}

const OPTIONS: ts.CompilerOptions = {
  allowJs: true,
  noLib: true,
  noResolve: true,
  target: ts.ScriptTarget.ESNext,
  module: ts.ModuleKind.ESNext,
  types: [],
};

/**
 * Parses and binds the sources. Pure: nothing is read from disk, and imports are resolved by us alone. Files that
 * are `parsed` already are taken as they are.
 */
export function openProject(
  sources: Sources,
  app: AppConfig,
  parsed: ReadonlyMap<string, ts.SourceFile> = new Map(),
): AppProject {
  const texts = new Map([...sources.texts].map(([path, text]) => [path, withoutMark(text)]));
  const program = ts.createProgram([...texts.keys()], OPTIONS, hostOf(texts, parsed));
  program.getTypeChecker(); // which binds all files
  const files = [...texts.keys()].flatMap((path) => program.getSourceFile(path) ?? []);
  const byPath = new Map(files.map((file) => [file.fileName, file]));
  return {
    app,
    files,
    manifest: sources.manifest,
    aliases: readAliases(app.root, sources),
    unread: unreadFiles(sources),
    file: (path) => byPath.get(path),
    syntaxErrors: (file) => program.getSyntacticDiagnostics(file),
  };
}

function hostOf(
  texts: ReadonlyMap<string, string>,
  parsed: ReadonlyMap<string, ts.SourceFile>,
): ts.CompilerHost {
  return {
    fileExists: (path) => texts.has(path),
    readFile: (path) => texts.get(path),
    getSourceFile(path, options) {
      const text = texts.get(path);
      if (text === undefined) return undefined;
      return parsed.get(path) ?? parseFile(path, text, options);
    },
    getDefaultLibFileName: () => '',
    getCurrentDirectory: () => '/',
    getCanonicalFileName: (path) => path,
    useCaseSensitiveFileNames: () => true,
    getNewLine: () => '\n',
    writeFile: () => undefined,
  };
}

function parseFile(
  path: string,
  text: string,
  options: ts.ScriptTarget | ts.CreateSourceFileOptions,
): ts.SourceFile {
  const plain = typeof options === 'object' ? options : { languageVersion: options };
  return ts.createSourceFile(path, text, { ...plain, jsDocParsingMode: ts.JSDocParsingMode.ParseNone });
}

function unreadFiles({ skipped = new Map() }: Sources): ReadonlyMap<ts.SourceFile, readonly string[]> {
  return new Map(
    [...skipped].map(([path, { text }]) => {
      const loaded = text.matchAll(/\b(?:require\s*\(|import\s*\(|from|import)\s*['"]([^'"\n]+)['"]/g);
      return [ts.createSourceFile(path, '', ts.ScriptTarget.ESNext), [...loaded].map(([, one = '']) => one)];
    }),
  );
}

/** The text without its byte-order mark; offsets of nodes count from there. */
export function withoutMark(text: string): string {
  return text.startsWith('\uFEFF') ? text.slice(1) : text;
}

/** `paths` of tsconfig.json, and `_moduleAliases` or `imports` of package.json. */
function readAliases(root: string, { manifest, compilerSettings }: Sources): AppProject['aliases'] {
  const options = parse(compilerSettings)?.compilerOptions;
  const base = posix.join(root, options?.baseUrl ?? '.');
  const paths = Object.entries(options?.paths ?? {}).flatMap(([from, [to]]) =>
    to === undefined ? [] : [{ from, to: posix.join(base, to) }],
  );
  const packed = parse(manifest);
  const own = Object.entries({ ...packed?._moduleAliases, ...packed?.imports }).flatMap(([from, to]) =>
    typeof to === 'string' ? [{ from, to: posix.join(root, to) }] : [],
  );
  return [...paths, ...own].map(({ from, to }) => ({
    prefix: from.replace(/\*$/, ''),
    path: to.replace(/\*$/, ''),
  }));
}

interface Settings {
  readonly compilerOptions?: {
    readonly baseUrl?: string;
    readonly paths?: Readonly<Record<string, readonly string[]>>;
  };
  readonly _moduleAliases?: Readonly<Record<string, string>>;
  readonly imports?: Readonly<Record<string, unknown>>;
}

/** JSON with comments, as tsconfig.json has them; undefined where there is none or it is broken. */
function parse(text: string | undefined): Settings | undefined {
  return text === undefined
    ? undefined
    : (ts.parseConfigFileTextToJson('settings.json', text).config as Settings | undefined);
}
