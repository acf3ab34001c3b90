import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { nodeFiles } from '../../src/adapters/files.js';
import { codemodCommand } from '../../src/commands/codemod.js';
import { scaffoldCommand } from '../../src/commands/scaffold.js';
import { verifyCommand } from '../../src/commands/verify.js';
import { copySample } from '../demo/sample.js';
import { contextIn, NO_OPTIONS } from '../support/context.js';

const FACTORY = 'src/base/ModelFactory.js';
const FILES = [
  FACTORY,
  'src/base/Repository.js',
  'src/base/connectionManager.js',
  'src/middleware/clinicRoutingMiddleware.js',
];

const removals: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const remove of removals.splice(0)) await remove();
});

async function sample(): Promise<string> {
  const { folder, remove } = await copySample('server.js', 'start()', 'start()');
  removals.push(remove);
  return folder;
}

const scaffold = async (folder: string, options = {}) =>
  scaffoldCommand.run(await contextIn(folder, {}), [], { ...NO_OPTIONS, ...options });
const textOf = (folder: string, path: string): string => readFileSync(join(folder, path), 'utf8');
const replaceIn = (folder: string, path: string, before: string | RegExp, after: string): void =>
  writeFileSync(join(folder, path), textOf(folder, path).replace(before, after));

describe('scaffold', () => {
  it('writes what is missing, once, and nothing in a dry run', async () => {
    const folder = await sample();
    const before = await nodeFiles.list(folder, ['node_modules']);
    const dry = await scaffold(folder, { dryRun: true });
    expect(dry.summary).toEqual({ 'to write': 4, kept: 0 });
    for (const file of FILES) expect(dry.text).toContain(`+++ b/${file}\n`);
    expect(await nodeFiles.list(folder, ['node_modules'])).toEqual(before);
    expect(await scaffold(folder)).toMatchObject({
      ok: true,
      summary: { written: 4, kept: 0 },
      findings: [],
    });
    const texts = FILES.map((file) => textOf(folder, file));
    expect(await scaffold(folder)).toMatchObject({
      ok: true,
      summary: { written: 0, kept: 4 },
      findings: [],
    });
    expect(FILES.map((file) => textOf(folder, file))).toEqual(texts);
    expect(texts.join('')).not.toMatch(/__[A-Z_]+__/);
  });

  it('puts every model where its table is', async () => {
    const folder = await sample();
    await scaffold(folder);
    const factory = textOf(folder, FACTORY);
    expect(factory).toContain("const Patient = require('../models/Patient');\n");
    const [, clinic = '', central = ''] = factory.split(/MODEL_MAP = \{/);
    const names = (text: string): string[] =>
      [...(text.split('};')[0] ?? '').matchAll(/^ {2}(\w+),$/gm)].map(([, name = '']) => name);
    expect(names(central)).toEqual(['AuditLog', 'Company', 'Drug', 'User']);
    expect(names(clinic)).toEqual([
      'Appointment',
      'AppointmentItem',
      'Category',
      'Company',
      'Consent',
      'Document',
      'DocumentItem',
      'Drug',
      'Invoice',
      'Patient',
      'Practitioner',
      'Prescription',
      'Room',
    ]);
    expect(factory).not.toContain('Session');
  });

  it('writes the same after the codemod as before it, and leaves verify code nothing to say', async () => {
    const [first, second] = [await sample(), await sample()];
    const codemod = async (folder: string) =>
      codemodCommand.run(await contextIn(folder, {}), [folder], NO_OPTIONS);
    await scaffold(first);
    const written = FILES.map((file) => textOf(first, file));
    await codemod(first);
    await codemod(second);
    await scaffold(second);
    expect(FILES.map((file) => textOf(second, file))).toEqual(written);
    expect(FILES.map((file) => textOf(first, file))).toEqual(written);
    const { findings } = await verifyCommand.run(await contextIn(first, {}), ['code'], NO_OPTIONS);
    expect(findings.filter(({ severity }) => severity === 'error')).toEqual([]);
  });

  it('leaves a file alone that is there, and says which line it lacks', async () => {
    const folder = await sample();
    await scaffold(folder);
    replaceIn(folder, FACTORY, /^ {2}Room,\n/m, '');
    replaceIn(folder, FACTORY, /^ {2}User,\n/m, '');
    const text = textOf(folder, FACTORY);
    const report = await scaffold(folder);
    expect(report.ok).toBe(false);
    expect(report.findings.map(({ subject, message, hint }) => [subject, message, hint])).toEqual([
      [
        'Room',
        'MODEL_MAP of ModelFactory lacks the model Room',
        "Add it there, with const Room = require('../models/Room');",
      ],
      [
        'User',
        'CENTRAL_MODEL_MAP of ModelFactory lacks the model User',
        "Add it there, with const User = require('../models/User');",
      ],
    ]);
    expect(textOf(folder, FACTORY)).toBe(text);
  });

  it("takes the connection's options over, and names those that it cannot", async () => {
    const folder = await sample();
    replaceIn(
      folder,
      'src/config/database.js',
      'logging: false,',
      'logging: false, define: { underscored: true }, timezone: process.env.TZ, retry: retries(), hooks: made,',
    );
    const { findings } = await scaffold(folder);
    expect(textOf(folder, 'src/base/connectionManager.js')).toContain(
      'const OPTIONS = { logging: false, define: { underscored: true }, timezone: process.env.TZ };',
    );
    expect(findings).toMatchObject([{ code: 'CODE_CONNECTION_OPTIONS', severity: 'warning' }]);
    expect(findings[0]?.message).toContain('retry, hooks');
  });

  it('says in one finding what is in the way where the application has a ModelFactory of its own', async () => {
    const folder = await sample();
    const text = 'exports.getModel = async (db, name) => FACTORIES[name](db);\n';
    mkdirSync(join(folder, 'src/base'), { recursive: true });
    writeFileSync(join(folder, FACTORY), text);
    const report = await scaffold(folder);
    expect(report).toMatchObject({
      ok: false,
      summary: { written: 3, kept: 1 },
      findings: [{ code: 'CODE_OWN_RUNTIME', severity: 'error', location: { line: 1 } }],
    });
    expect(report.findings[0]?.message).toContain('the application’s own');
    expect(textOf(folder, FACTORY)).toBe(text);
  });

  it('takes the options of the connection that has the models, not of another database', async () => {
    const folder = await sample();
    writeFileSync(
      join(folder, 'src/config/archive.js'),
      "const { Sequelize } = require('sequelize');\nmodule.exports = new Sequelize(process.env.ARCHIVE_URL, { dialect: 'postgres', timezone: '+05:00' });\n",
    );
    await scaffold(folder);
    expect(textOf(folder, 'src/base/connectionManager.js')).toContain('const OPTIONS = { logging: false };');
  });

  it('refuses an application that is not on PostgreSQL, as codemod does, and writes nothing', async () => {
    const folder = await sample();
    replaceIn(folder, 'src/config/database.js', "dialect: 'postgres'", "dialect: 'mysql'");
    const before = await nodeFiles.list(folder, ['node_modules']);
    await expect(scaffold(folder)).rejects.toMatchObject({
      exitCode: 2,
      message: expect.stringContaining('MySQL'),
    });
    const codemod = codemodCommand.run(await contextIn(folder, {}), [folder], NO_OPTIONS);
    await expect(codemod).rejects.toMatchObject({ exitCode: 2, message: expect.stringContaining('MySQL') });
    expect(await nodeFiles.list(folder, ['node_modules'])).toEqual(before);
  });

  it('gives a model whose name is no identifier, or is taken, another one', async () => {
    const folder = await sample();
    for (const [name, file] of [
      ['audit-entry', 'AuditEntry'],
      ['class', 'Class'],
      ['bound', 'Bound'],
    ])
      writeFileSync(
        join(folder, `src/models/${file}.js`),
        `module.exports = { define: (sequelize) => sequelize.define('${name}', {}) };\n`,
      );
    await scaffold(folder);
    const factory = textOf(folder, FACTORY);
    expect(factory).toContain("const auditEntry = require('../models/AuditEntry');");
    expect(factory).toContain("  'audit-entry': auditEntry,\n");
    expect(factory).toContain("  'class': classModel,\n");
    expect(factory).toContain("  'bound': boundModel,\n");
    execFileSync(process.execPath, ['--check', join(folder, FACTORY)]);
  });

  it('writes ES modules where the application is made of them', async () => {
    const folder = await sample();
    writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
    await scaffold(folder);
    expect(textOf(folder, FACTORY)).toContain("import Patient from '../models/Patient.js';\n");
    for (const file of FILES) {
      expect(textOf(folder, file)).not.toMatch(/require\(|module\.exports/);
      execFileSync(process.execPath, ['--check', join(folder, file)]);
    }
    replaceIn(folder, FACTORY, /^ {2}Room,\n/m, '');
    const [finding] = (await scaffold(folder)).findings;
    expect(finding?.hint).toContain("import Room from '../models/Room.js';");
  });

  it('writes TypeScript where models are, with the request’s own type', async () => {
    const folder = await sample();
    writeFileSync(
      join(folder, 'src/models/Typed.ts'),
      "import type { Sequelize } from 'sequelize';\n\nexport default { define: (sequelize: Sequelize) => sequelize.define('Typed', {}) };\n",
    );
    expect(await scaffold(folder)).toMatchObject({ ok: true, summary: { written: 4, kept: 0 } });
    const factory = textOf(folder, FACTORY.replace('.js', '.ts'));
    expect(factory).toContain("import Typed from '../models/Typed';\n");
    const routing = textOf(folder, 'src/middleware/clinicRoutingMiddleware.ts');
    expect(routing).toContain('      clinicDb: Sequelize;\n');
    expect(routing).toContain('request as Request & { user?: { companyId?: unknown } };');
    expect(await scaffold(folder)).toMatchObject({ ok: true, summary: { written: 0, kept: 4 } });
  });

  it('writes what binds classes with decorators, where there are any', async () => {
    const folder = await sample();
    writeFileSync(
      join(folder, 'src/models/Typed.ts'),
      "import { Model, Table } from 'sequelize-typescript';\n\n@Table\nexport class Typed extends Model {}\n",
    );
    expect(await scaffold(folder)).toMatchObject({ ok: true, summary: { written: 5, kept: 0 } });
    const text = textOf(folder, 'src/base/decorated.ts');
    expect(text).toContain('export { decorated };');
    expect(text).not.toMatch(/require\(|module\.exports|__[A-Z_]+__/);
    expect(await scaffold(folder)).toMatchObject({ ok: true, summary: { written: 0, kept: 5 } });
  });

  it('refuses a folder that is no application', async () => {
    const other = await sample();
    const config = { app: { root: join(other, 'database') } };
    writeFileSync(join(other, 'clinic-migrate.config.mjs'), `export default ${JSON.stringify(config)};`);
    await expect(scaffold(other)).rejects.toThrow('there is no package.json in');
    writeFileSync(join(other, 'database/package.json'), '{}');
    await expect(scaffold(other)).rejects.toThrow('no model was found in');
  });
});
