import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

const TSC = join(import.meta.dirname, '../../node_modules/typescript/bin/tsc');

/** Everything strict, apart from what makes the application's own models an error. */
const STRICT = {
  strict: true,
  exactOptionalPropertyTypes: true,
  noUnusedLocals: true,
  noUnusedParameters: true,
  noImplicitReturns: true,
  noImplicitOverride: true,
  noFallthroughCasesInSwitch: true,
  verbatimModuleSyntax: true,
  isolatedModules: true,
  skipLibCheck: true,
  esModuleInterop: true,
  target: 'ES2022',
  // As old as applications still have it.
  lib: ['ES2018'],
  types: ['node'],
};

/** Compiles a folder's src/ with each file's JavaScript beside it; what the compiler has to say. */
export async function compile(folder: string, options: object): Promise<string> {
  const path = join(folder, 'tsconfig.json');
  writeFileSync(path, JSON.stringify({ compilerOptions: { ...STRICT, ...options }, include: ['src'] }));
  try {
    await promisify(execFile)(process.execPath, [TSC, '-p', path], { cwd: folder });
    return '';
  } catch (error) {
    return (error as { stdout: string }).stdout;
  }
}
