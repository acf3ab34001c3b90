// npm run bench -- <name> [options]: prints a table of ratios measured in one run.
import { fileURLToPath } from 'node:url';

const NAMES = ['split', 'refresh', 'codemod'];
const [name, ...args] = process.argv.slice(2);
if (!NAMES.includes(name)) {
  process.stderr.write(`usage: npm run bench -- <${NAMES.join('|')}> [options]\n`);
  process.exit(2);
}
const { run } = await import(fileURLToPath(new URL(`./${name}.mjs`, import.meta.url)));
process.stdout.write(`${await run(args)}\n`);
