import {
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
import ts from 'typescript';
import { planMigration } from '../../../src/codemods/migrate.js';
import { migrate as proven } from '../../../src/codemods/proof/prove.js';
import { codemodCommand } from '../../../src/commands/codemod.js';
import { scaffoldCommand } from '../../../src/commands/scaffold.js';
import { tableFacts } from '../../../src/commands/table-facts.js';
import type { Finding } from '../../../src/core/finding.js';
import { startApp } from '../../../src/demo/app-process.js';
import { readSources } from '../../../src/project/source/read-sources.js';
import { verifyCode } from '../../../src/verify/code.js';
import { type Answer, ask, Made } from '../../demo/conversation.js';
import { contextIn, NO_OPTIONS } from '../../support/context.js';
import type { Application, Probe } from './application.js';
import type { Databases } from './databases.js';
import { CLINICS, type Clinic } from './tables.js';

const ROOT = join(import.meta.dirname, '../../..');
const EXPRESS_4 = { NODE_OPTIONS: `--require=${join(ROOT, 'test/demo/express4.cjs')}` };

/** What an application answers, and what it says besides. */
export interface Run {
  /** The reason where it did not start. */
  readonly failure: string | undefined;
  readonly answers: ReadonlyMap<Clinic, readonly Answer[]>;
  /** What it printed. */
  readonly log: readonly string[];
}

export interface Migrated {
  readonly findings: readonly Finding[];
  readonly sites: readonly { readonly outcome: string }[];
  /** Files that a second run would change. */
  readonly again: readonly string[];
  readonly verified: readonly Finding[];
}

export interface Trial {
  readonly application: Application;
  readonly before: Run;
  /** The error where the program threw. */
  readonly migrated: Migrated | Error;
  readonly after: Run;
  /** Where the migrated application stands. */
  readonly root: string;
}

/** Runs an application as it is, migrates it, and runs it again. `keep` leaves its files where they are. */
export async function runTrial(
  application: Application,
  databases: Databases,
  { keep = false } = {},
): Promise<Trial> {
  const folder = mkdtempSync(join(tmpdir(), 'application-'));
  try {
    symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'), 'junction');
    const [legacy, root] = [join(folder, 'before'), join(folder, 'after')];
    for (const target of [legacy, root]) writeFiles(target, application.files);
    const [before, migrated] = await Promise.all([
      databases.resetBefore().then(() => runApplication(legacy, application, databases.before)),
      migrate(root, application).catch((error: unknown) => error as Error),
      databases.resetAfter(),
    ]);
    const after = await runApplication(root, application, databases.after);
    return { application, before, migrated, after, root };
  } finally {
    if (!keep) rmSync(folder, { recursive: true, force: true });
  }
}

function writeFiles(folder: string, files: ReadonlyMap<string, string>): void {
  for (const [path, text] of files) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
}

async function migrate(root: string, { server, authMiddleware }: Application): Promise<Migrated> {
  const config = {
    clinics: { table: 'clinics' },
    tables: {
      users: { scope: 'central' },
      audits: { scope: 'central' },
      drugs: { scope: 'shared' },
      ...Object.fromEntries(['wards', 'patients', 'visits'].map((table) => [table, { scope: 'clinic' }])),
    },
    app: {
      models: 'models',
      modelFactory: 'base/ModelFactory',
      clinicId: 'req.user.clinicId',
      server,
      authMiddleware,
    },
  };
  writeFileSync(join(root, 'clinic-migrate.config.json'), JSON.stringify(config));
  const context = await contextIn(root, {});
  await scaffoldCommand.run(context, [], NO_OPTIONS);
  const { findings, data } = await codemodCommand.run(context, [root], NO_OPTIONS);
  const sources = await readSources(context.files, context.config.app);
  const facts = await tableFacts(context);
  const input = { sources, app: context.config.app, facts, isWanted: () => true };
  // What a run would write is proven first, which takes long: only where there is anything to prove.
  const again = planMigration(input).changes.size === 0 ? [] : [...proven(input).changes.keys()];
  return {
    findings,
    sites: (data as { sites: Migrated['sites'] }).sites,
    again,
    verified: verifyCode({ sources, app: context.config.app, facts }),
  };
}

async function runApplication(
  folder: string,
  application: Application,
  env: Readonly<Record<string, string>>,
): Promise<Run> {
  const runnable = application.modules === 'TypeScript' ? compile(folder) : folder;
  const own = application.express === '4' ? EXPRESS_4 : {};
  try {
    const app = await startApp(runnable, { ...own, ...env });
    const answers = new Map<Clinic, Answer[]>();
    try {
      for (const clinic of CLINICS) {
        const speaker = { baseUrl: app.baseUrl, token: `token-${clinic}`, made: new Made() };
        const given: Answer[] = [];
        for (const probe of application.probes(clinic)) given.push(await answerTo(speaker, probe));
        answers.set(clinic, given);
      }
    } finally {
      await app.stop();
    }
    return { failure: undefined, answers, log: linesOf(app.log()) };
  } catch (error) {
    const { message, hint } = error as Error & { hint?: string };
    return { failure: `${message}\n${hint ?? ''}`, answers: new Map(), log: [] };
  }
}

/** An application that is gone gives no answer. */
async function answerTo(speaker: Parameters<typeof ask>[0], probe: Probe): Promise<Answer> {
  try {
    return await ask(speaker, probe);
  } catch (error) {
    return { question: `${probe.method} ${probe.path}`, status: 0, type: null, text: String(error) };
  }
}

function linesOf(log: string): string[] {
  return log.split('\n').filter((line) => line !== '' && !line.startsWith('listening on '));
}

/** What the compiler makes of each file, beside them. */
function compile(folder: string): string {
  const target = join(folder, 'dist');
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    if (!name.endsWith('.ts') || name.startsWith('dist')) continue;
    const { outputText } = ts.transpileModule(readFileSync(join(folder, name), 'utf8'), {
      compilerOptions: {
        target: ts.ScriptTarget.ES2022,
        module: ts.ModuleKind.CommonJS,
        esModuleInterop: true,
      },
    });
    writeFiles(target, new Map([[name.replace(/\.ts$/, '.js'), outputText]]));
  }
  return target;
}
