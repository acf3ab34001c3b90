import { createContext, Script } from 'node:vm';
import { ts } from 'ts-morph';
import type { RuntimeFile } from './runtime-files.js';

/**
 * Why a file that is about to be written would not load; undefined where it would. It is parsed, and run with stand-ins for
 * all that it imports: what it names has to be there, in that order. Nothing of the application is run but the options
 * that the file itself has.
 */
export function faultOf({ path, text }: RuntimeFile): string | undefined {
  const { outputText, diagnostics = [] } = ts.transpileModule(text.replace(/\bimport\.meta\b/g, META), {
    fileName: path,
    reportDiagnostics: true,
    compilerOptions: { module: ts.ModuleKind.CommonJS, target: ts.ScriptTarget.ES2022, allowJs: true },
  });
  const [first] = diagnostics;
  if (first !== undefined) return ts.flattenDiagnosticMessageText(first.messageText, ' ');
  const module = { exports: {} };
  const context = createContext({
    module,
    exports: module.exports,
    require: standIn,
    process: { env: {} },
    console: standIn,
    Buffer,
    URL,
    __dirname: '/',
  });
  try {
    new Script(outputText).runInContext(context, { timeout: 2_000 });
  } catch (error) {
    // Anything else may be what a stand-in led to, or a variable of the environment that is not set here.
    const name = (error as { readonly name?: unknown } | null)?.name;
    if (name === 'ReferenceError' || name === 'SyntaxError') return String(error);
  }
  return undefined;
}

const META = `({ url: 'file:///application' })`;

/** Whatever is asked of it: a function, a class, an object, a text. */
const standIn: unknown = new Proxy(class {}, {
  apply: () => standIn,
  construct: () => standIn as object,
  get: (_target, name) => {
    if (name === 'then') return undefined;
    if (name === 'prototype') return {};
    if (name === Symbol.toPrimitive) return () => '';
    return name === Symbol.iterator ? () => [][Symbol.iterator]() : standIn;
  },
});
