import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { nodeFiles } from '../../src/adapters/files.js';
import { git } from '../../src/adapters/git.js';
import { codemodCommand } from '../../src/commands/codemod.js';
import type { Context } from '../../src/commands/command.js';
import type { Files, VersionControl } from '../../src/core/ports.js';
import { silentProgress } from '../../src/report/progress.js';
import { serializeMap } from '../../src/tenancy/saved-map.js';
import { appConfig } from '../support/app-config.js';

const ROUTE = `const Patient = require('../models/Patient');

exports.list = async (req, res) => res.json(await Patient.findAll());
`;
const MODEL = `module.exports = (sequelize, DataTypes) => {
  const Patient = sequelize.define('Patient', { name: DataTypes.STRING });
  return Patient;
};
`;
const CRUD = `const Patient = require('../models/Patient');

module.exports = crud(Patient);
`;

let root: string;

function put(path: string, text: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
}

/** The name of the one patch that a run left. */
function undoPatch(): string {
  const patches = readdirSync(join(root, '.clinic-migrate/undo')).filter((name) => name.endsWith('.patch'));
  expect(patches).toHaveLength(1);
  return patches[0] ?? '';
}

function run(options: Record<string, unknown> = {}, paths = [root]) {
  const files: Files = nodeFiles;
  const versionControl: VersionControl = git;
  const context = {
    config: {
      file: undefined,
      directory: root,
      tables: {},
      clinics: { database: 'clinic_{key}', server: 'main' },
      app: appConfig(root),
    },
    files,
    versionControl,
    progress: silentProgress,
  } as unknown as Context;
  return codemodCommand.run(context, paths, { dryRun: false, jobs: undefined, yes: false, ...options });
}

const read = (path: string): string => readFileSync(join(root, path), 'utf8');
const gitIn = (...args: string[]): string =>
  execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@t', ...args], {
    cwd: root,
    encoding: 'utf8',
  });

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'codemod-'));
  put('src/models/Patient.js', MODEL);
  put('src/routes/a.js', ROUTE);
  gitIn('init', '-q');
  gitIn('add', '.');
  gitIn('commit', '-qm', 'Start');
});

afterEach(() => rmSync(root, { recursive: true, force: true }));

describe('codemod', () => {
  it('rewrites committed files, and leaves a patch that undoes it', async () => {
    const report = await run();
    expect(report.ok).toBe(true);
    expect(read('src/routes/a.js')).toContain("await ModelFactory.getModel(req.clinicDb, 'Patient')");
    const name = undoPatch();
    expect(gitIn('status', '--porcelain', '--untracked-files=all')).not.toContain('.clinic-migrate/undo');
    gitIn('apply', join('.clinic-migrate/undo', name));
    expect([read('src/routes/a.js'), read('src/models/Patient.js')]).toEqual([ROUTE, MODEL]);
  });

  it('wraps handlers that nobody would answer for only when asked to', async () => {
    await run({ dryRun: false });
    expect(read('src/routes/a.js')).not.toContain('asyncHandler');
    gitIn('checkout', '-q', '.');
    await run({ wrapHandlers: true });
    expect(read('src/routes/a.js')).toContain('exports.list = asyncHandler(async (req, res) => {');
  });

  it('refuses files with changes that are not committed, unless forced', async () => {
    put('src/routes/a.js', `${ROUTE}// more\n`);
    await expect(run()).rejects.toThrow('src/routes/a.js have changes that are not committed');
    expect(read('src/models/Patient.js')).toBe(MODEL);
    await run({ force: true });
    expect(read('src/models/Patient.js')).not.toBe(MODEL);
  });

  it('shows a diff and writes nothing in a dry run', async () => {
    const report = await run({ dryRun: true });
    expect(report.text).toContain('--- a/src/routes/a.js\n+++ b/src/routes/a.js');
    expect(report.text).toContain("+  const Patient = await ModelFactory.getModel(req.clinicDb, 'Patient');");
    expect(gitIn('status', '--porcelain')).toBe('');
  });

  it('fails a check while there is work left, and passes it afterwards', async () => {
    expect((await run({ check: true })).ok).toBe(false);
    expect(gitIn('status', '--porcelain')).toBe('');
    await run();
    expect((await run({ check: true })).ok).toBe(true);
  });

  it('annotates what is left, once', async () => {
    put('src/routes/crud.js', CRUD);
    gitIn('add', '.');
    gitIn('commit', '-qm', 'More');
    expect((await run({ annotate: true })).ok).toBe(false);
    const annotated = read('src/routes/crud.js');
    expect(annotated).toContain(
      '// TODO(clinic-migrate): CODE_MODEL_AT_LOAD Patient is used while the file loads\nmodule',
    );
    await run({ annotate: true, force: true });
    expect(read('src/routes/crud.js')).toBe(annotated);
  });

  it("runs a user's own jscodeshift transform after its own", async () => {
    put(
      'rename.cjs',
      `module.exports = ({ source }, { j }) =>
  j(source).find(j.Identifier, { name: 'list' }).forEach((path) => { path.node.name = 'index'; }).toSource();`,
    );
    await run({ transform: join(root, 'rename.cjs') }, [join(root, 'src')]);
    expect(read('src/routes/a.js')).toContain(
      'exports.index = async (req, res) => {\n  const Patient = await',
    );
  });

  it('tells a transform what is left in the file, what the models are, and edits without disturbing a byte', async () => {
    put('src/routes/crud.js', CRUD);
    put(
      'mend.cjs',
      `module.exports = ({ source }, _, { left, models, edit }) => {
  if (left.length === 0) return undefined;
  const [{ code, location }] = left;
  const [{ name, tableName, scope }] = models;
  return edit([{ start: 0, end: 0, text: \`// \${code} in line \${location.line}: \${name} (\${tableName}, \${scope})\\n\` }]);
};`,
    );
    await run({ transform: join(root, 'mend.cjs'), force: true }, [join(root, 'src')]);
    expect(read('src/routes/crud.js')).toBe(
      `// CODE_MODEL_AT_LOAD in line 3: Patient (Patients, clinic)\n${CRUD}`,
    );
  });

  it('changes only the paths it is given, and reports a change that would need more', async () => {
    put(
      'src/services/a.js',
      `const Patient = require('../models/Patient');\n\nexports.all = () => Patient.findAll();\n`,
    );
    put(
      'src/routes/b.js',
      `const a = require('../services/a');\n\nexports.b = async (req, res) => res.json(await a.all());\n`,
    );
    const report = await run({ force: true }, [join(root, 'src/services')]);
    expect(report.findings.map(({ code }) => code)).toEqual(['CODE_OUTSIDE_PATHS', 'CODE_NO_START']);
    expect(gitIn('diff', '--stat')).toBe('');
  });

  it('takes scopes from the map that inspect saved', async () => {
    const table = {
      schema: 'public',
      name: 'Patients',
      evidence: 'configuration',
      rule: '',
      scope: 'central',
      copyReferenced: false,
    } as const;
    const map = {
      clinicTable: { schema: 'public', name: 'companies', key: 'id', label: 'name' },
      tables: [table],
      crossingKeys: [],
      findings: [],
    };
    put('.clinic-migrate/tenancy.json', serializeMap(map));
    await run();
    expect(read('src/routes/a.js')).toContain("ModelFactory.getModel(getCentralConnection(), 'Patient')");
  });

  it('says of which models the saved map does not know the table', async () => {
    const map = {
      clinicTable: { schema: 'public', name: 'companies', key: 'id', label: 'name' },
      tables: [],
      crossingKeys: [],
      findings: [],
    };
    put('.clinic-migrate/tenancy.json', serializeMap(map));
    const { findings } = await run({ dryRun: true });
    expect(findings.map(({ code, subject }) => [code, subject])).toContainEqual([
      'CODE_MODEL_TABLE',
      'Patient',
    ]);
  });

  it('undoes by its patch what it wrote with other line ends, a byte-order mark and no last newline', async () => {
    const odd = `\uFEFF${ROUTE.replaceAll('\n', '\r\n').trimEnd()}`;
    put('src/routes/odd.js', odd);
    await run({ force: true });
    expect(read('src/routes/odd.js')).not.toBe(odd);
    const name = undoPatch();
    gitIn('apply', join('.clinic-migrate/undo', name));
    expect(read('src/routes/odd.js')).toBe(odd);
  });

  it('tells of each call site what it is, how that is known and what becomes of it', async () => {
    put(
      'src/routes/b.js',
      `const Patient = require('../models/Patient');
const crypto = require('crypto');

exports.show = async (req, res) => {
  const patient = await Patient.findByPk(req.params.id);
  await patient.update({ seen: crypto.createHash('md5').update('x').digest() });
  res.json(await somebody.findAll());
};
`,
    );
    const { text = '', ok } = await run({ explain: true }, [join(root, 'src/routes/b.js')]);
    expect(ok).toBe(true);
    expect(text.split('\n')).toEqual([
      'src/routes/b.js',
      '',
      '  5:25  Patient.findByPk',
      '      is       the model Patient, table Patients, in the clinic database',
      "      known    const Patient = require('../models/Patient'); (line 1) → src/models/Patient.js:2 defines Patient",
      "      becomes  const Patient = await ModelFactory.getModel(req.clinicDb, 'Patient');",
      '',
      '  6:9  patient.update',
      '      is       a row of the model Patient',
      '      known    const patient = await Patient.findByPk(req.params.id); (line 5) → src/models/Patient.js:2 defines Patient',
      '      stays as it is',
      '',
      "  6:32  crypto.createHash('…').update",
      '      is       the package crypto',
      "      known    const crypto = require('crypto'); (line 2)",
      '      stays as it is',
      '',
      '  7:18  somebody.findAll',
      '      is       not known',
      '      known    nothing tells what somebody is: no declaration was found',
      '      left     CODE_RECEIVER_UNKNOWN nothing tells what somebody.findAll is',
    ]);
  });

  it('runs the codemods that are named, and leaves alone what would need the others', async () => {
    const { findings } = await run({ only: 'models' });
    expect(findings.map(({ code }) => code)).toContain('CODE_NOT_ASKED');
    expect(read('src/routes/a.js')).toBe(ROUTE);
    expect(read('src/models/Patient.js')).toContain('define');
    await run({ skip: 'models', force: true });
    expect(read('src/routes/a.js')).toContain("await ModelFactory.getModel(req.clinicDb, 'Patient')");
    await expect(run({ only: 'modells' })).rejects.toThrow('--only names "modells", which is no codemod');
    expect((await run({ list: true }, [])).tables?.[0]?.rows.map(([name]) => name)).toContain('services');
  });

  it('counts call sites by what they are, routes and functions', async () => {
    put(
      'src/services/a.js',
      `const Patient = require('../models/Patient');\n\nexports.all = () => Patient.findAll();\n`,
    );
    put(
      'src/routes/b.js',
      `const a = require('../services/a');\n\nexports.b = async (req, res) => res.json(await a.all());\n`,
    );
    put('src/routes/crud.js', CRUD);
    const { summary, tables } = await run({ dryRun: true });
    expect(summary).toMatchObject({ 'routes migrated': 1, 'functions threaded': 1, 'left for a person': 1 });
    expect(tables).toEqual([
      { title: 'Call sites', head: ['receiver', 'rewritten', 'left', 'stays'], rows: [['model', 2, 0, 0]] },
      { title: 'Left for a person', head: ['code', 'places'], rows: [['CODE_MODEL_AT_LOAD', 1]] },
    ]);
  });

  it('leaves out what it cannot read or nobody wrote by hand, and says so', async () => {
    writeFileSync(join(root, 'src/latin1.js'), Buffer.from("// \xe9\nrequire('sequelize')", 'latin1'));
    put('src/bundle.js', `var a=${'1+'.repeat(6000)}1;`);
    put('src/large.js', '// line\n'.repeat(130_000));
    put('src/broken.js', 'function (');
    symlinkSync(join(root, 'src/routes/a.js'), join(root, 'src/routes/link.js'));
    const { findings, data } = await run({ force: true });
    const about = findings.filter(({ code }) => /SKIPPED|SYNTAX/.test(code));
    expect(about.map(({ code, severity, location }) => [code, severity, location?.file])).toEqual(
      expect.arrayContaining([
        ['CODE_FILE_SKIPPED', 'error', join(root, 'src/latin1.js')],
        ['CODE_FILE_SKIPPED', 'info', join(root, 'src/bundle.js')],
        ['CODE_FILE_SKIPPED', 'info', join(root, 'src/large.js')],
        ['CODE_SYNTAX', 'error', join(root, 'src/broken.js')],
      ]),
    );
    expect(about).toHaveLength(4);
    expect(data?.['changed']).toEqual(['src/models/Patient.js', 'src/routes/a.js']);
  });

  it('writes nothing where one of the files is read-only', async () => {
    chmodSync(join(root, 'src/routes/a.js'), 0o444);
    await expect(run()).rejects.toThrow(/cannot write .*src\/routes\/a\.js: it is read-only/);
    expect(read('src/models/Patient.js')).toBe(MODEL);
  });

  it('works where there is no git', async () => {
    rmSync(join(root, '.git'), { recursive: true });
    await run();
    expect(read('src/routes/a.js')).toContain('ModelFactory');
  });

  it('refuses a path without source', async () => {
    await expect(run({}, [join(root, 'nowhere')])).rejects.toThrow('has no source file of the application');
  });
});
