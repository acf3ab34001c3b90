// The codemod on a generated application, against a jscodeshift transform that only finds the call sites.
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { measure, measureNode } from './measure.mjs';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

const FINDER = `module.exports = (file, { jscodeshift: j }) => {
  j(file.source).find(j.CallExpression, { callee: { type: 'MemberExpression' } }).forEach((path) => path.node.callee.property.name);
};`;

const model = (name) => `const { DataTypes } = require('sequelize');
const sequelize = require('../config/database');

const ${name} = sequelize.define('${name}', {
  id: { type: DataTypes.INTEGER, primaryKey: true },
  companyId: DataTypes.INTEGER,
  name: DataTypes.STRING,
});

module.exports = ${name};
`;

/** Ten handlers and as much plain code as makes the file \`lines\` long. */
function route(name, lines) {
  const handlers = Array.from(
    { length: 10 },
    (_, i) => `router.get('/${i}/:id', async (req, res, next) => {
  try {
    const found = await ${name}.findOne({ where: { id: req.params.id, companyId: req.user.companyId } });
    res.json(describe${i}(found));
  } catch (error) {
    next(error);
  }
});
`,
  );
  const plain = Array.from({ length: 10 }, (_, i) => {
    const body = Array.from(
      { length: Math.max(1, Math.floor(lines / 10) - 12) },
      (_, n) => `  result.field${n} = String(value && value.field${n});`,
    );
    return `function describe${i}(value) {\n  const result = {};\n${body.join('\n')}\n  return result;\n}\n`;
  });
  return `const express = require('express');\nconst ${name} = require('../models/${name}');\n\nconst router = express.Router();\n\n${plain.join('\n')}\n${handlers.join('\n')}\nmodule.exports = router;\n`;
}

/** Writes an application with so many route files of ten routes each. */
function generate(folder, { lines, files }) {
  const write = (name, text) => {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  };
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  write('package.json', '{ "name": "generated", "type": "commonjs" }');
  write('clinic-migrate.config.json', '{ "app": {} }');
  write(
    'src/config/database.js',
    "const { Sequelize } = require('sequelize');\nmodule.exports = new Sequelize(process.env.DATABASE_URL);\n",
  );
  const mounts = [];
  for (let i = 0; i < files; i += 1) {
    write(`src/models/Model${i}.js`, model(`Model${i}`));
    write(`src/routes/route${i}.js`, route(`Model${i}`, lines / files));
    mounts.push(`app.use('/r${i}', require('./src/routes/route${i}'));`);
  }
  write(
    'server.js',
    `const express = require('express');\nconst authMiddleware = require('./src/authMiddleware');\n\nconst app = express();\napp.use(authMiddleware);\n${mounts.join('\n')}\napp.listen(3000);\n`,
  );
  write('src/authMiddleware.js', 'module.exports = (req, res, next) => next();\n');
  write('finder.cjs', FINDER);
}

/** What jscodeshift takes to find the call sites, and what the whole codemod takes, of one generated application. */
async function compare(size) {
  const folder = mkdtempSync(join(tmpdir(), 'bench-codemod-'));
  try {
    generate(folder, size);
    const theirs = await measure(process.execPath, [
      join(ROOT, 'node_modules/jscodeshift/bin/jscodeshift.js'),
      '--parser=tsx',
      '--dry',
      '--silent',
      '-t',
      join(folder, 'finder.cjs'),
      join(folder, 'src'),
    ]);
    const ours = await measureNode(
      [join(ROOT, 'bin/clinic-migrate.js'), 'codemod', '.', '--force', '--quiet', '--output', 'report.txt'],
      { cwd: folder },
    );
    return { ...size, ours, theirs };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** --lines, --files: 50,000 lines in 30 route files of ten routes each, and a sixth of that; --grow 10 adds ten times as much. */
export async function run(args) {
  const { values } = parseArgs({
    args,
    options: {
      lines: { type: 'string', default: '50000' },
      files: { type: 'string', default: '30' },
      grow: { type: 'string' },
    },
  });
  const [lines, files] = [Number(values.lines), Number(values.files)];
  const factors = [1 / 6, 1, ...(values.grow === undefined ? [] : [Number(values.grow)])];
  const cell = (figure) => (typeof figure === 'number' ? figure.toFixed(1) : figure).padStart(11);
  const table = [['lines', 'routes', 'seconds', 'CPU s', 'MB', 's/50k lines', 'finding: s', 'ratio']];
  for (const factor of factors) {
    const size = { lines: Math.round(lines * factor), files: Math.max(1, Math.round(files * factor)) };
    const { ours, theirs } = await compare(size);
    table.push([
      size.lines.toLocaleString('en'),
      String(size.files * 10),
      ours.seconds,
      ours.cpu,
      ours.megabytes,
      (ours.seconds * 50_000) / size.lines,
      theirs,
      theirs / ours.seconds,
    ]);
  }
  return [
    'codemod against jscodeshift --parser=tsx --dry with a transform that only finds the call sites',
    ...table.map((row) => row.map(cell).join('')),
  ].join('\n');
}
