#!/usr/bin/env node
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const program = new URL('../dist/cli.js', import.meta.url);
if (existsSync(program)) await import(program.href);
else {
  const folder = fileURLToPath(new URL('..', import.meta.url));
  process.stderr.write(
    `error clinic-migrate has not been built yet: run npm ci && npm run build in ${JSON.stringify(folder)}\n`,
  );
  process.exitCode = 3;
}
