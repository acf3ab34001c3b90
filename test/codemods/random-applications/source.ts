import { posix } from 'node:path';

export type Modules = 'CommonJS' | 'ES modules' | 'TypeScript';

/** What a file has of another one: `from` is a package, or a file of the application without its ending. */
export interface Import {
  readonly from: string;
  readonly names?: readonly string[];
  /** What a module exports as its one value. */
  readonly one?: string;
  /** The names that a module exports, as one object. */
  readonly all?: string;
}

/** A file of an application, apart from how its modules are written. */
export interface Source {
  /** Below the application's root, without its ending. */
  readonly path: string;
  readonly imports: readonly Import[];
  /** Types stand between « and », and are left out where there are none. */
  readonly body: string;
  readonly exports: { readonly one: string } | { readonly names: readonly string[] } | undefined;
}

/** The file's path and text. */
export function render(source: Source, modules: Modules): [path: string, text: string] {
  const ending = modules === 'TypeScript' ? '.ts' : '.js';
  const imports = source.imports.map((one) => importLine(source.path, one, modules));
  const body = source.body.replaceAll(/«(.*?)»/g, modules === 'TypeScript' ? '$1' : '');
  const parts = [imports.join('\n'), body.trim(), exportLine(source, modules)];
  return [source.path + ending, `${parts.filter((part) => part !== '').join('\n\n')}\n`];
}

function importLine(path: string, { from, names, one, all }: Import, modules: Modules): string {
  const specifier = from.startsWith('#') ? relativeTo(path, from.slice(1), modules) : from;
  if (modules === 'CommonJS') {
    const bound = names === undefined ? (one ?? all) : `{ ${names.join(', ')} }`;
    return bound === undefined ? `require('${specifier}');` : `const ${bound} = require('${specifier}');`;
  }
  const bound = names === undefined ? (one ?? (all && `* as ${all}`)) : `{ ${names.join(', ')} }`;
  return bound === undefined ? `import '${specifier}';` : `import ${bound} from '${specifier}';`;
}

/** Below the root, a path stands behind a `#`. */
function relativeTo(path: string, target: string, modules: Modules): string {
  const found = posix.relative(posix.dirname(path), target);
  const relative = found.startsWith('.') ? found : `./${found}`;
  if (modules === 'ES modules') return `${relative}.js`;
  return relative.replace(/\/index$/, '');
}

function exportLine({ exports }: Source, modules: Modules): string {
  if (exports === undefined) return '';
  const list = 'names' in exports ? `{ ${exports.names.join(', ')} }` : exports.one;
  if (modules === 'CommonJS') return `module.exports = ${list};`;
  return 'names' in exports ? `export ${list};` : `export default ${list};`;
}

/** The text with each line behind so many spaces. */
export function indent(text: string, spaces: number): string {
  return text.replaceAll(/^(?=.)/gm, ' '.repeat(spaces));
}
