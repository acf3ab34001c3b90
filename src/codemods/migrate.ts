import { posix } from 'node:path';
import type { ts } from 'ts-morph';
import type { AppConfig } from '../config/types.js';
import { RunError } from '../core/errors.js';
import { type Finding, hasErrors } from '../core/finding.js';
import { type Analysis, analyse } from '../project/analysis.js';
import { openProject, withoutMark } from '../project/load-project.js';
import { isLoader } from '../project/loader.js';
import type { TableFacts } from '../project/read-models.js';
import { type Sources, skippedFindings } from '../project/read-sources.js';
import type { Use } from '../project/read-uses.js';
import type { FunctionNode } from '../project/types.js';
import { awaitCalls } from './awaiting.js';
import { noteConnections } from './connections.js';
import { lastingAliases } from './crossing.js';
import { type Draft, Drafts, findingAt } from './draft.js';
import { applyEdits, type Edit } from './edits.js';
import { claimFactories } from './factories.js';
import { passForgotten } from './forgotten.js';
import { claimGivenModels } from './given-models.js';
import { finishImports } from './imports.js';
import { distinct, Left } from './left.js';
import { leaveTogether } from './left-together.js';
import { type CodemodName, chooseCodemods } from './list.js';
import { mendMigrated } from './migrated-calls.js';
import { migrateModel } from './models.js';
import { claimIndex, isModelsIndex, migrateIndex } from './models-index.js';
import { migrateNamedRequires } from './named-models.js';
import { leaveFunctions, leaveNotAsked } from './not-asked.js';
import { Reached } from './reached.js';
import { migrateFunctions } from './routes.js';
import { claimStart, migrateServer } from './server.js';
import { passClinicDb } from './services.js';
import { takeAssociations } from './take-associations.js';
import { takeSharedOptions } from './take-options.js';
import { migrateTypeImports } from './type-imports.js';

/** What a run would write, and what it has to say. */
export interface Migration {
  /** Absolute path to new text, for files that change. */
  readonly changes: ReadonlyMap<string, string>;
  /** What makes the new texts of the old ones, byte-order marks aside. */
  readonly edits: ReadonlyMap<string, readonly Edit[]>;
  readonly findings: readonly Finding[];
  /** How many functions get clinicDb as a parameter. */
  readonly threaded: number;
  /** The functions and files that are left as they are; see isAmong(). */
  readonly alone: ReadonlySet<string>;
  /** Files whose edits contradict each other, with the reason; a fault of ours, never of the file's. */
  readonly broken: ReadonlyMap<string, string>;
  /** Ranges of the old texts (byte-order mark aside) that go away on purpose, with their comments. */
  readonly dropped: ReadonlyMap<string, readonly { readonly start: number; readonly end: number }[]>;
}

export interface MigrationInput {
  readonly sources: Sources;
  readonly app: AppConfig;
  readonly facts: TableFacts;
  /** True for files that may be changed and reported on. */
  readonly isWanted: (path: string) => boolean;
  /** The codemods to run; all of them where it says nothing. */
  readonly chosen?: ReadonlySet<CodemodName> | undefined;
  /** Files to leave alone, with the reason. */
  readonly blocked?: ReadonlyMap<string, string>;
  /** True where async handlers that nobody answers for on Express 4 are to be wrapped. */
  readonly wrapHandlers?: boolean;
}

/** Every edit all codemods ask for, without the proofs of migrate(). */
export function planMigration(input: MigrationInput): Migration {
  return planAnalysed(analyse(openProject(input.sources, input.app), input.facts), input);
}

/** As planMigration(), of sources that are analysed already. */
export function planAnalysed(analysis: Analysis, input: MigrationInput): Migration {
  const left = new Left(new Reached(analysis));
  for (;;) {
    const drafts = draw(analysis, input, left);
    if (!left.grow(drafts.all(), analysis.registry)) return finish(drafts, input);
  }
}

/** Every edit, as far as it can be told before it is known which files are left. */
function draw(
  analysis: Analysis,
  { facts, blocked, wrapHandlers, chosen = chooseCodemods(undefined, undefined) }: MigrationInput,
  left: Left,
): Drafts {
  const { project } = analysis;
  const drafts = new Drafts(analysis, left, wrapHandlers);
  for (const [file] of analysis.uses) {
    if (project.syntaxErrors(file).length > 0)
      drafts.of(file).problem('CODE_SYNTAX', file, 'the file cannot be parsed');
  }
  for (const [path, reason] of blocked ?? []) {
    const file = project.file(path);
    if (file !== undefined) drafts.of(file).problem('CODE_NOT_STABLE', file, reason);
  }
  if (facts.isComplete === true) noteUnmapped(drafts, facts);
  const taken = takeAssociations(drafts);
  for (const file of chosen.has('models') ? analysis.registry.inFile.keys() : []) {
    if (!migrateModel(drafts, file, taken))
      for (const one of taken.lines.get(file) ?? []) drafts.link(file, one.file);
  }
  if (chosen.has('models')) {
    migrateTypeImports(drafts);
    migrateNamedRequires(drafts);
  }
  const options = takeSharedOptions(drafts);
  const mended = chosen.has('routes') ? mendMigrated(drafts) : undefined;
  const claimed = new Set<Use>([
    ...taken.uses,
    ...options.claimed,
    ...claimStart(drafts),
    ...claimIndex(drafts),
    ...claimGivenModels(drafts, chosen.has('models')),
    ...(mended?.claimed ?? []),
    ...(chosen.has('routes') ? claimFactories(drafts) : []),
  ]);
  const aliases = lastingAliases(drafts);
  const needing: FunctionNode[] = [...(mended?.needing ?? [])];
  for (const [file, fileUses] of analysis.uses) {
    if (analysis.registry.inFile.has(file) || (isLoader(file) && isModelsIndex(drafts, file))) continue;
    const extra = options.uses.get(file) ?? [];
    leaveNotAsked(drafts, { ...fileUses, uses: [...fileUses.uses, ...extra] }, claimed, chosen);
    needing.push(...migrateFunctions(drafts, facts, fileUses, claimed, aliases, extra));
  }
  leaveFunctions(drafts, needing, chosen);
  passClinicDb(drafts, [...needing, ...(chosen.has('services') ? passForgotten(drafts) : [])]);
  awaitCalls(drafts);
  if (chosen.has('server')) migrateServer(drafts);
  noteConnections(drafts);
  leaveTogether(drafts);
  return drafts;
}

function finish(
  drafts: Drafts,
  { sources, isWanted, chosen = chooseCodemods(undefined, undefined) }: MigrationInput,
): Migration {
  const failed = spreadProblems(drafts, isWanted);
  if (chosen.has('models')) migrateIndex(drafts, failed);
  return collect(drafts, sources, failed, isWanted);
}

/** Points at models whose tables the tenancy map does not know. */
function noteUnmapped(drafts: Drafts, { scopes }: TableFacts): void {
  const { registry, project } = drafts.analysis;
  const tables = new Set([...scopes.keys()].map((table) => table.slice(table.lastIndexOf('.') + 1)));
  for (const [node, { name, tableName }] of registry.byNode) {
    if (tables.has(tableName) || project.app.modelScopes[name] !== undefined) continue;
    drafts
      .of(node.getSourceFile())
      .note(
        'CODE_MODEL_TABLE',
        'warning',
        node,
        `nothing says whose the rows of ${tableName} are; ${name} is taken for a clinic's model`,
        name,
      );
  }
}

/** The files that are left alone: those with a problem, and all that must be migrated together with one. */
function spreadProblems(drafts: Drafts, isWanted: (path: string) => boolean): Map<ts.SourceFile, Draft> {
  const failed = new Map<ts.SourceFile, Draft>();
  for (const draft of drafts.all()) {
    const [outside] = [...draft.linked].filter(
      (file) => !isWanted(file.fileName) && drafts.of(file).hasEdits(),
    );
    if (outside !== undefined && isWanted(draft.file.fileName))
      draft.problem(
        'CODE_OUTSIDE_PATHS',
        draft.file,
        `${posix.relative(drafts.analysis.project.app.root, outside.fileName)} would have to change too`,
      );
  }
  const queue = drafts.all().filter(({ problems }) => problems.length > 0);
  for (const draft of queue) failed.set(draft.file, draft);
  for (let draft = queue.shift(); draft !== undefined; draft = queue.shift()) {
    const failing = draft.file;
    const dependent = drafts
      .all()
      .filter(({ required }) => required.has(failing))
      .map(({ file }) => file);
    for (const file of [...draft.linked, ...dependent]) {
      if (failed.has(file)) continue;
      const origin = failed.get(draft.file) ?? draft;
      failed.set(file, origin);
      queue.push(drafts.of(file));
    }
  }
  return failed;
}

function collect(
  drafts: Drafts,
  sources: Sources,
  failed: ReadonlyMap<ts.SourceFile, Draft>,
  isWanted: (path: string) => boolean,
): Migration {
  const changes = new Map<string, string>();
  const edits = new Map<string, readonly Edit[]>();
  const skipped = skippedFindings(sources).filter(({ location }) => isWanted(location?.file ?? ''));
  const said = drafts.left.said.filter(({ location }) => isWanted(location?.file ?? ''));
  const findings: Finding[] = [...drafts.notes, ...said, ...skipped];
  const dropped = new Map<string, Draft['dropped']>();
  const broken = new Map<string, string>();
  let threaded = 0;
  for (const draft of drafts.all()) {
    const path = draft.file.fileName;
    if (!isWanted(path)) continue;
    const origin = failed.get(draft.file);
    if (origin !== undefined) {
      findings.push(...draft.problems, ...draft.notes.filter(({ severity }) => severity === 'error'));
      if (draft.problems.length === 0 && draft.hasEdits())
        findings.push(
          findingAt(
            'CODE_GROUP_LEFT',
            hasErrors(origin.problems) ? 'error' : 'info',
            draft.file,
            `left as it is, because of ${posix.relative(drafts.analysis.project.app.root, origin.file.fileName)}`,
          ),
        );
      continue;
    }
    if (draft.hasEdits()) finishImports(draft, drafts.analysis);
    if (!draft.hasEdits()) {
      findings.push(...draft.notes);
      continue;
    }
    const text = sources.texts.get(path) ?? '';
    const mark = text.slice(0, text.length - withoutMark(text).length);
    let result = text;
    const wanted = draft.allEdits();
    try {
      result = mark + applyEdits(withoutMark(text), wanted);
    } catch (error) {
      if (!(error instanceof RunError)) throw error;
      broken.set(path, error.message);
    }
    const isConnected = result.includes('new Sequelize');
    findings.push(...draft.notes.filter(({ code }) => code !== 'CODE_CONNECTION_LEFT' || isConnected));
    if (result === text) continue;
    changes.set(path, result);
    threaded += draft.threaded.size;
    edits.set(path, wanted);
    dropped.set(path, draft.dropped);
  }
  return {
    changes,
    edits,
    findings: distinct(findings),
    dropped,
    broken,
    threaded,
    alone: drafts.left.places,
  };
}
