// npm runs this after `npm ci` in a clone, before it packs, and where the package is installed from git: all of them
// need dist/. What came as a tarball has it already, and no source; an install without devDependencies has no compiler.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

const root = join(import.meta.dirname, '..');
if (existsSync(join(root, 'src/cli.ts')) && compiler() !== undefined) {
  // A type error is told and does not stop an install: JavaScript is written all the same, and `npm test`, `npm run
  // build` and packing stop at it.
  const { status } = spawnSync(process.execPath, [compiler(), '-p', 'tsconfig.build.json'], {
    cwd: root,
    stdio: ['ignore', 2, 2],
  });
  if (status !== 0) process.stderr.write('clinic-migrate: npm run build says the same again.\n');
}

function compiler() {
  try {
    const manifest = createRequire(join(root, 'package.json')).resolve('typescript/package.json');
    return join(dirname(manifest), 'bin/tsc');
  } catch {
    return undefined;
  }
}
