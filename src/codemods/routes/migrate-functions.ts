import { posix } from 'node:path';
import { ts } from 'ts-morph';
import type { FindingCode } from '../../core/finding-codes.js';
import { ownerOf } from '../../project/calls/handlers.js';
import type { FileUses, Use } from '../../project/calls/uses.js';
import type { TableFacts } from '../../project/models/registry.js';
import {
  assignment,
  descendants,
  isAsync,
  isInside,
  isReference,
  memberName,
  unwrap,
  walk,
} from '../../project/source/nodes.js';
import { shown } from '../../project/source/shown.js';
import type { Database, FunctionNode, Model } from '../../project/types.js';
import { noteAccessors, reportNamedIncludes } from '../models/crossing.js';
import { nameOf } from '../planning/callers.js';
import type { Draft, Drafts } from '../planning/draft.js';
import { requireSeen, rootName } from '../planning/names.js';
import { decideDatabases } from '../queries/decide-databases.js';
import { addToPattern, clinicDbOf, takesClinicDb } from '../services/clinic-db.js';
import { obtain } from './obtain.js';
import type { Wanted } from './obtain-models.js';
import { callWith, isOptionsUse, type OptionsUse } from './take-options.js';

/**
 * Lets every function of a file obtain its models and connections for one clinic. `aliases` are the names of
 * each model's associations. Returns the functions that
 * need a clinic and see no request: `clinicDb` must be passed to them.
 */
export function migrateFunctions(
  drafts: Drafts,
  facts: TableFacts,
  fileUses: FileUses,
  claimed: ReadonlySet<Use>,
  aliases: ReadonlyMap<string, ReadonlySet<string>>,
  optionsUses: readonly OptionsUse[],
): FunctionNode[] {
  const { analysis } = drafts;
  const draft = drafts.of(fileUses.file);
  const byOwner = new Map<FunctionNode, Use[]>();
  const isLeft = (owner: FunctionNode | undefined): boolean => owner !== undefined && drafts.left.has(owner);
  const open = [...fileUses.uses, ...optionsUses].filter((use) => !isLeft(use.owner));
  if (drafts.left.hasFile(fileUses.file)) noteFunctions(drafts, draft, fileUses);
  for (const use of open) {
    if (claimed.has(use)) continue;
    const definition =
      use.model && analysis.project.file(posix.join(analysis.project.app.root, use.model.file));
    if (definition !== undefined) draft.required.add(definition);
    if (use.owner === undefined && isOfAnyConnection(use)) {
      takeFromPackage(draft, use);
      continue;
    }
    if (use.owner === undefined) {
      drafts.atLoad.push(use);
      reportAtLoad(draft, use);
    } else if (definition !== undefined && drafts.left.hasFile(definition))
      leaveWithModel(drafts, draft, use, use.owner, definition);
    else if (isParameterDefault(use, use.owner)) reportDefault(draft, use);
    else if (isKept(use, use.owner)) {
      drafts.kept.push(use);
      reportKept(draft, use);
    } else byOwner.set(use.owner, [...(byOwner.get(use.owner) ?? []), use]);
  }
  for (const one of fileUses.packages) takeFromPackage(draft, one);
  const isDropped = (node: ts.Node): boolean =>
    draft.dropped.some(({ start, end }) => start <= node.getStart(draft.file) && node.end <= end);
  for (const node of fileUses.computed.filter((one) => !isDropped(one) && !isLeft(ownerOf(one))))
    draft.problem('CODE_MODEL_COMPUTED', node, `which model ${shown(node.parent)} means is not known`);
  for (const node of fileUses.unknown)
    draft.note('CODE_RECEIVER_UNKNOWN', 'error', node, `nothing tells what ${receiverText(node)} is`);
  const severed = drafts.severed();
  reportNamedIncludes(draft, open, aliases);
  if (severed.length > 0) noteAccessors(draft, fileUses, severed);
  const needing: FunctionNode[] = [];
  for (const [owner, uses] of byOwner) {
    if (migrateFunction(drafts, draft, facts, owner, uses)) needing.push(owner);
  }
  return needing;
}

/** `sequelize.fn(…)` at file level, for which the package's own class does as well as any connection. */
function isOfAnyConnection({ node, model }: Use): boolean {
  const method = memberName(node.parent) ?? '';
  return model === undefined && /^(fn|col|literal|where|cast|json|and|or)$/.test(method);
}

function takeFromPackage(draft: Draft, { node, root }: Pick<Use, 'node' | 'root'>): void {
  replaceExpression(draft, node, 'Sequelize');
  draft.fromSequelize.add('Sequelize');
  if (root !== undefined) draft.replaced.add(root);
}

function receiverText(node: ts.Node): string {
  return shown(ts.isCallExpression(node) ? node.expression : node);
}

/** Names every function that is left with its whole file, since the file's own problem tells of none of them. */
function noteFunctions({ left }: Drafts, draft: Draft, { file, uses }: FileUses): void {
  const owners = new Set(uses.flatMap(({ owner }) => owner ?? []));
  for (const owner of owners) {
    const message = `${nameOf(owner)} is left with the rest of its file`;
    const severity = left.severityOfFile(file);
    draft.leave(owner, file, { node: owner, severity, message, subject: nameOf(owner) });
  }
}

/** The file's functions do not depend on it, but for those that read what is made of it: see leaveTogether(). */
function reportAtLoad(draft: Draft, { node, model }: Use): void {
  const message = `${shown(node)} is used while the file loads`;
  draft.note(codeAtLoad(model), 'error', node, message, model?.name);
}

function reportDefault(draft: Draft, { node, model }: Use): void {
  const message = `${shown(node)} is used as the default of a parameter`;
  draft.problem(codeAtLoad(model), node, message, model?.name);
}

function codeAtLoad(model: Model | undefined): FindingCode {
  return model === undefined ? 'CODE_CONNECTION_AT_LOAD' : 'CODE_MODEL_AT_LOAD';
}

/** A function stays as it is where the file of its model does. */
function leaveWithModel(
  { left }: Drafts,
  draft: Draft,
  { node, model }: Use,
  owner: FunctionNode,
  definition: ts.SourceFile,
): void {
  const message = `${model?.name} is left as it is, in ${model?.file}`;
  const severity = left.severityOfFile(definition);
  draft.leave(owner, definition, { node, severity, message, subject: model?.name });
}

/** True for `(model = Patient) => …`: the default is needed before the function's body begins. */
function isParameterDefault({ node }: Use, owner: FunctionNode): boolean {
  return owner.parameters.some((parameter) => isInside(node, parameter));
}

/** True for `this.model = Patient` and `cached = Patient`: one clinic's model would outlive its request. */
function isKept({ node }: Use, owner: FunctionNode): boolean {
  const pair = assignment(ts.isAwaitExpression(node.parent) ? node.parent.parent : node.parent);
  if (pair === undefined || pair.left === node || unwrap(pair.right) !== node) return false;
  if (!ts.isIdentifier(pair.left)) return true;
  const name = pair.left.text;
  const locals = [...descendants(owner, ts.isVariableDeclaration), ...owner.parameters];
  return !locals.some((local) => local.name.getText() === name);
}

function reportKept(draft: Draft, use: Use): void {
  const name = use.node.getText(draft.file);
  draft.problem('CODE_MODEL_KEPT', use.node, `${name} is kept beyond the request`, use.model?.name);
}

/** True for what passport calls while it finds out who is asking. */
function isOfPassport({ parent }: FunctionNode): boolean {
  if (ts.isNewExpression(parent)) return /Strategy$/.test(parent.expression.getText());
  return ts.isCallExpression(parent) && /\.(de)?serializeUser$/.test(parent.expression.getText());
}

/** True where the function needs `clinicDb` as a parameter. */
function migrateFunction(
  drafts: Drafts,
  draft: Draft,
  facts: TableFacts,
  owner: FunctionNode,
  uses: readonly Use[],
): boolean {
  const { project } = drafts.analysis;
  const databases = decideDatabases(drafts, draft, facts, owner, uses);
  const clinicDb = clinicDbOf(project.app, owner);
  const wanted = wantedModels(draft, owner, uses, databases);
  const needsClinic = [...databases.values()].includes('clinic');
  if ([...databases.values()].includes('central')) draft.needs.add('getCentralConnection');
  if (needsClinic && isOfPassport(owner))
    draft.problem(
      'CODE_BEFORE_CLINIC',
      owner,
      'authentication uses a clinic’s model, before the clinic is known',
      undefined,
      owner,
    );
  if (needsClinic) addToPattern(draft, owner, clinicDb.expression);
  for (const use of uses) {
    if (use.root !== undefined) draft.replaced.add(use.root);
    if (use.model !== undefined) continue;
    const connection = databases.get(use) === 'central' ? 'getCentralConnection()' : clinicDb.expression;
    requireSeen(draft, use.node, [rootName(connection)], owner);
    replaceExpression(draft, use.node, connection);
  }
  if (wanted.length > 0) {
    if (ts.isConstructorDeclaration(owner) || ts.isAccessor(owner) || isPlainGenerator(owner)) {
      const [first] = uses;
      if (first !== undefined)
        draft.problem(
          'CODE_MODEL_KEPT',
          first.node,
          `${shown(first.node)} is used where nothing can be awaited`,
        );
      return false;
    }
    obtain(drafts, draft, owner, wanted, clinicDb.expression);
  }
  return needsClinic && clinicDb.source === 'parameter' && !takesClinicDb(owner) && !isOfPassport(owner);
}

/** `function* () {}`, which cannot await; an async generator can. */
function isPlainGenerator(owner: FunctionNode): boolean {
  return owner.asteriskToken !== undefined && !isAsync(owner);
}

/** The models a function must obtain, each under one name, in the order of their first use. */
function wantedModels(
  draft: Draft,
  owner: FunctionNode,
  uses: readonly Use[],
  databases: ReadonlyMap<Use, Database>,
): Wanted[] {
  const wanted = new Map<
    string,
    { local: string; model: NonNullable<Use['model']>; database: Database; uses: Use[] }
  >();
  for (const use of [...uses].sort((a, b) => a.node.pos - b.node.pos)) {
    const database = databases.get(use);
    if (use.model === undefined || database === undefined) continue;
    const local = localName(owner, use, uses);
    const known = wanted.get(local);
    if (known === undefined) wanted.set(local, { local, model: use.model, database, uses: [use] });
    else if (known.model !== use.model || known.database !== database)
      draft.problem(
        'CODE_NAME_TAKEN',
        use.node,
        `${local} would have to mean two models in one function`,
        use.model.name,
      );
    else known.uses.push(use);
    if (use.node !== use.root && !isOptionsUse(use)) replaceExpression(draft, use.node, local);
  }
  const all = [...wanted.values()];
  for (const use of uses) {
    // Once for each reference, although it needs several models.
    if (!isOptionsUse(use) || use.model !== [...use.options.parameters.values()][0]) continue;
    callWith(
      draft,
      use.node,
      use.options,
      (model) => all.find((one) => one.model === model)?.local ?? model.name,
    );
  }
  return all;
}

/** The name the source uses, else the model's own, out of the way of other names in the function. */
function localName(owner: FunctionNode, use: Use, uses: readonly Use[]): string {
  if (isOptionsUse(use)) {
    const plain = uses.find((one) => one.model === use.model && !isOptionsUse(one));
    if (plain !== undefined) return localName(owner, plain, uses);
  } else if (ts.isIdentifier(use.node)) return use.node.text;
  const name = use.model?.name ?? '';
  const preferred = name.charAt(0).toUpperCase() + name.slice(1);
  let isTaken = false;
  walk(owner, (node) => {
    if (!ts.isIdentifier(node) || node.text !== preferred) return undefined;
    const isOwnUse = uses.some((one) => one.node === node && one.model === use.model);
    const isInsideUse = uses.some((one) => isInside(node, one.node));
    const isDeclared =
      !isReference(node) &&
      (ts.isVariableDeclaration(node.parent) ||
        ts.isParameter(node.parent) ||
        ts.isBindingElement(node.parent));
    if (!isOwnUse && !isInsideUse && (isReference(node) || isDeclared)) isTaken = true;
    return undefined;
  });
  return isTaken ? `${preferred}Model` : preferred;
}

function replaceExpression(draft: Draft, node: ts.Expression, text: string): void {
  const isShorthand = ts.isShorthandPropertyAssignment(node.parent);
  draft.replace(
    node.getStart(draft.file),
    node.end,
    isShorthand ? `${node.getText(draft.file)}: ${text}` : text,
  );
}
