import { posix } from 'node:path';
import { ts } from 'ts-morph';
import { isHandler, ownerOf } from '../../project/calls/handlers.js';
import type { Use } from '../../project/calls/uses.js';
import { descendants, isInside, isReference } from '../../project/source/nodes.js';
import { symbolOf } from '../../project/source/symbols.js';
import { type Database, databasesOf, type FunctionNode } from '../../project/types.js';
import type { Drafts } from '../planning/draft.js';
import { addToPattern, clinicDbOf } from '../services/clinic-db.js';
import { obtain } from './obtain.js';

const NAME = 'modelName';

/** A function whose parameter is a model wherever it is called, and always while files load: `crud(Patient)`. */
interface Factory {
  readonly node: FunctionNode;
  readonly parameter: ts.ParameterDeclaration;
  readonly name: ts.Identifier;
  /** The models that it is given, as they stand in the calls. */
  readonly given: readonly Use[];
}

/**
 * Gives route factories the names of models in place of the models themselves, so that each of their handlers can ask
 * for the request's own. Returns the uses that are dealt with; a factory that does anything else with its model is
 * left to be reported.
 */
export function claimFactories(drafts: Drafts): Use[] {
  return readFactories(drafts).flatMap((factory) => (migrateFactory(drafts, factory) ? factory.given : []));
}

function readFactories({ analysis }: Drafts): Factory[] {
  const found = new Map<FunctionNode, Use[]>();
  const atLoad = [...analysis.uses.values()]
    .flatMap(({ uses }) => uses)
    .filter(({ model, owner }) => model !== undefined && owner === undefined);
  for (const use of atLoad) {
    const call = use.node.parent;
    const value = ts.isCallExpression(call) ? analysis.evaluator.valueOf(call.expression) : undefined;
    if (value?.kind === 'function') found.set(value.node, [...(found.get(value.node) ?? []), use]);
  }
  return [...found].flatMap(([node, given]) => {
    const { calls = [], escapes = [] } = analysis.calls.get(node) ?? {};
    const index = placeOf(given[0]);
    const isAlways = calls.length === given.length && given.every((use) => placeOf(use) === index);
    const parameter = node.parameters[index];
    if (!isAlways || escapes.length > 0 || parameter === undefined || parameter.initializer !== undefined)
      return [];
    const { name, dotDotDotToken } = parameter;
    return ts.isIdentifier(name) && dotDotDotToken === undefined ? [{ node, parameter, name, given }] : [];
  });
}

/** Which argument of its call the use is. */
function placeOf(use: Use | undefined): number {
  const call = use?.node.parent;
  return use !== undefined && call !== undefined && ts.isCallExpression(call)
    ? call.arguments.indexOf(use.node)
    : -1;
}

function migrateFactory(drafts: Drafts, factory: Factory): boolean {
  const { analysis } = drafts;
  const { node, parameter, name, given } = factory;
  const file = node.getSourceFile();
  const database = commonDatabase(given);
  const handlers = handlersOf(drafts, factory);
  const [model] = given.flatMap((use) => use.model ?? []);
  if (database === undefined || handlers === undefined || model === undefined) return false;
  const draft = drafts.of(file);
  draft.replace(name.getStart(file), name.end, NAME);
  if (parameter.type !== undefined) {
    draft.insert(parameter.type.getStart(file), 'string');
    draft.replace(parameter.type.getStart(file), parameter.type.end, ''); // so that its import may go
  }
  if (database === 'central') draft.needs.add('getCentralConnection');
  for (const [owner, references] of handlers) {
    const { expression } = clinicDbOf(analysis.project.app, owner);
    if (database === 'clinic') addToPattern(draft, owner, expression);
    const uses = references.map((one) => ({ node: one, root: undefined, model, owner }));
    obtain(drafts, draft, owner, [{ local: name.text, model, database, uses, nameIn: NAME }], expression);
  }
  for (const use of given) giveName(drafts, use, file);
  return true;
}

/** The one kind of database that all the models are in; undefined where there is none, or where rows are in both. */
function commonDatabase(given: readonly Use[]): Database | undefined {
  if (given.some(({ model }) => model?.directory === true)) return undefined;
  const databases: readonly Database[] = ['clinic', 'central'];
  return databases.find((database) =>
    given.every(({ model }) => model !== undefined && databasesOf(model).includes(database)),
  );
}

/** The handlers that use the model, with their references; undefined where anything else uses it, or more than it. */
function handlersOf(
  { analysis, left }: Drafts,
  { node, parameter, name }: Factory,
): ReadonlyMap<FunctionNode, ts.Identifier[]> | undefined {
  const own = symbolOf(name);
  const handlers = new Map<FunctionNode, ts.Identifier[]>();
  const others = new Set(analysis.uses.get(node.getSourceFile())?.uses.map(({ owner }) => owner));
  const { body } = node;
  if (body === undefined || node.getText().includes(NAME)) return undefined;
  for (const identifier of descendants(body, ts.isIdentifier)) {
    if (identifier.text !== parameter.name.getText() || symbolOf(identifier) !== own) continue;
    const owner = ownerOf(identifier);
    const isOwn = owner !== undefined && owner !== node && isInside(owner, node);
    if (!isOwn || !isHandler(owner) || others.has(owner) || left.has(owner)) return undefined;
    if (!isReference(identifier)) return undefined;
    if (ts.isShorthandPropertyAssignment(identifier.parent) || isGenerator(owner)) return undefined;
    handlers.set(owner, [...(handlers.get(owner) ?? []), identifier]);
  }
  return handlers.size > 0 ? handlers : undefined;
}

function isGenerator(owner: FunctionNode): boolean {
  return !ts.isArrowFunction(owner) && owner.asteriskToken !== undefined;
}

/** `crud(Patient)` becomes `crud('Patient')`. */
function giveName(drafts: Drafts, { node, root, model }: Use, file: ts.SourceFile): void {
  const { project } = drafts.analysis;
  const draft = drafts.of(node.getSourceFile());
  const { quote } = draft.style;
  draft.replace(node.getStart(draft.file), node.end, quote + (model?.name ?? '') + quote);
  if (root !== undefined) draft.replaced.add(root);
  drafts.link(file, draft.file);
  const definition = model && project.file(posix.join(project.app.root, model.file));
  if (definition !== undefined) draft.required.add(definition);
}
