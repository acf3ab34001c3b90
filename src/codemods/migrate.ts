import type { AppConfig } from '../config/types.js';
import { whileAt } from '../core/file-fault.js';
import { type Analysis, analyse } from '../project/analysis.js';
import type { Use } from '../project/calls/uses.js';
import { isLoader } from '../project/models/loader.js';
import type { TableFacts } from '../project/models/registry.js';
import { openProject } from '../project/source/open-project.js';
import type { Sources } from '../project/source/read-sources.js';
import type { FunctionNode } from '../project/types.js';
import { type CodemodName, chooseCodemods } from './list.js';
import { areAllLeft, leaveAll } from './models/all-left.js';
import { lastingAliases } from './models/crossing.js';
import { claimGivenModels } from './models/given-models.js';
import { reportSteps } from './models/index-steps.js';
import { migrateModel } from './models/migrate-model.js';
import { keepGroups } from './models/model-groups.js';
import { claimIndex, isModelsIndex, migrateIndex } from './models/models-index.js';
import { migrateNamedRequires } from './models/named-models.js';
import { keepForOwnRuntime } from './models/own-runtime.js';
import { takeAssociations } from './models/take-associations.js';
import { migrateTypeImports } from './models/type-imports.js';
import { claimHelpers, noteUnknownModels } from './models/unknown-models.js';
import { reportTests } from './planning/application-tests.js';
import { collect, type Migration, spreadProblems } from './planning/collect.js';
import { Drafts } from './planning/draft.js';
import { Left } from './planning/left.js';
import { leaveTogether } from './planning/left-together.js';
import { leaveFunctions, leaveNotAsked } from './planning/not-asked.js';
import { Reached } from './planning/reached.js';
import { noteConnections } from './queries/connections.js';
import { leaveTwoDatabases, noteOtherDatabases } from './queries/other-databases.js';
import { awaitCalls } from './routes/awaiting.js';
import { migrateFunctions } from './routes/migrate-functions.js';
import { mendMigrated } from './routes/migrated-calls.js';
import { claimFactories } from './routes/route-factories.js';
import { takeSharedOptions } from './routes/take-options.js';
import { migrateServer } from './server/mount-routing.js';
import { claimStart } from './server/start-up.js';
import { passForgotten } from './services/missing-arguments.js';
import { passClinicDb } from './services/pass-clinic-db.js';

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
  if (noteUnknownModels(drafts)) return drafts;
  leaveTwoDatabases(drafts);
  if (facts.isComplete === true) noteUnmapped(drafts, facts);
  const taken = takeAssociations(drafts);
  for (const file of chosen.has('models') ? analysis.registry.inFile.keys() : []) {
    if (!left.isWaiting(file) && !whileAt(file.fileName, () => migrateModel(drafts, file, taken)))
      for (const one of taken.lines.get(file) ?? []) drafts.link(file, one.file);
  }
  keepForOwnRuntime(drafts);
  if (chosen.has('models')) reportSteps(drafts);
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
    ...claimHelpers(analysis),
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
    needing.push(
      ...whileAt(file.fileName, () => migrateFunctions(drafts, facts, fileUses, claimed, aliases, extra)),
    );
  }
  leaveFunctions(drafts, needing, chosen);
  passClinicDb(drafts, [...needing, ...(chosen.has('services') ? passForgotten(drafts) : [])]);
  awaitCalls(drafts);
  if (chosen.has('server')) migrateServer(drafts);
  noteConnections(drafts);
  noteOtherDatabases(drafts);
  keepGroups(drafts);
  leaveTogether(drafts);
  return drafts;
}

function finish(
  drafts: Drafts,
  { sources, isWanted, chosen = chooseCodemods(undefined, undefined) }: MigrationInput,
): Migration {
  const failed = spreadProblems(drafts, isWanted);
  if (chosen.has('models')) migrateIndex(drafts, failed);
  drafts.notes.push(...reportTests(drafts, failed, sources));
  const migration = collect(drafts, sources, failed, isWanted);
  return areAllLeft(drafts) ? leaveAll(migration) : migration;
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
