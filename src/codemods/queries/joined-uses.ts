import inflection from 'inflection';
import { ts } from 'ts-morph';
import type { Analysis } from '../../project/analysis.js';
import { ownerOf } from '../../project/calls/handlers.js';
import type { Use } from '../../project/calls/uses.js';
import { descendants, isInside, memberName } from '../../project/source/nodes.js';
import type { FunctionNode, Model } from '../../project/types.js';
import { CarriedValues, type Source } from './carried-values.js';

/** What must be of one database, since one query or one row brings it together; parameters stand for what callers pass. */
export interface Together {
  readonly sources: ReadonlySet<Source>;
  /** The call that brought the last of them in. */
  readonly at: ts.Node | undefined;
  /** Models that its rows are asked for by accessors: User of `clinic.getUsers()`. */
  readonly reached: readonly Model[];
}

/** How one function brings values together. */
export interface Joined {
  readonly groups: readonly Together[];
  readonly carried: CarriedValues;
}

/** Where the options stand among a method's arguments; that of rows and models alike. */
const OPTIONS_AT: Readonly<Record<string, number>> = {
  findAll: 0,
  findOne: 0,
  findAndCountAll: 0,
  findOrCreate: 0,
  findOrBuild: 0,
  findCreateFind: 0,
  count: 0,
  destroy: 0,
  save: 0,
  reload: 0,
  restore: 0,
  truncate: 0,
  findByPk: 1,
  create: 1,
  build: 1,
  bulkCreate: 1,
  bulkBuild: 1,
  update: 1,
  upsert: 1,
  increment: 1,
  decrement: 1,
  min: 1,
  max: 1,
  sum: 1,
  query: 1,
  aggregate: 2,
  transaction: 0,
};

/** `patient.setUser(user, options)` and its like, whose first argument is a row, and `getUser(options)`. */
const ROW_FIRST = /^(set|add|remove|has)(?!Many$|One$|Hook$|Scope$|Attribute$|DataValue$)[A-Z]/;
const ACCESSOR = /^(?:get|set|add|create|count|has|remove)(?<name>[A-Z]\w*)$/;
const OPTIONS_FIRST = /^(get|count)[A-Z]/;
const OPTIONS_SECOND = /^create[A-Z]/;

const known = new WeakMap<Analysis, Map<FunctionNode, Joined>>();

/** Reads what one function brings together; `more` are uses that stand in it for those of a constant that it reads. */
export function readJoined(analysis: Analysis, owner: FunctionNode, more: readonly Use[] = []): Joined {
  const memo = known.get(analysis) ?? new Map<FunctionNode, Joined>();
  known.set(analysis, memo);
  const found = memo.get(owner);
  if (found !== undefined && more.length === 0) return found;
  // A function that calls itself brings nothing more together by that.
  memo.set(owner, { groups: [], carried: new CarriedValues(analysis, owner, [], () => []) });
  const own = (analysis.uses.get(owner.getSourceFile())?.uses ?? []).filter((one) => one.owner === owner);
  const uses = [...own, ...more];
  const carried = new CarriedValues(analysis, owner, uses, (call, values) =>
    resultOf(analysis, values, call),
  );
  const joined = { groups: groupsOf(analysis, owner, carried, uses), carried };
  memo.set(owner, joined);
  return joined;
}

/** What a call gives back of its arguments and of the models of the function that it calls. */
function resultOf(analysis: Analysis, carried: CarriedValues, call: ts.CallExpression): readonly Source[] {
  const callee = analysis.evaluator.valueOf(call.expression);
  if (callee?.kind !== 'function') return [];
  return readJoined(analysis, callee.node)
    .carried.returned()
    .flatMap((one) => (isParameter(one) ? givenTo(carried, callee.node, call, one) : [one]));
}

function givenTo(
  carried: CarriedValues,
  callee: FunctionNode,
  call: ts.CallExpression,
  parameter: ts.ParameterDeclaration,
): readonly Source[] {
  const given = call.arguments[callee.parameters.indexOf(parameter)];
  return given === undefined ? [] : carried.of(given);
}

export function isParameter(source: Source): source is ts.ParameterDeclaration {
  return 'kind' in source;
}

function groupsOf(
  analysis: Analysis,
  owner: FunctionNode,
  carried: CarriedValues,
  uses: readonly Use[],
): Together[] {
  const groups = new Map<Source, Together>();
  const join = (sources: readonly Source[], at: ts.Node): void => {
    const parts = new Set(sources.map((one) => groups.get(one) ?? alone(one)));
    const all = new Set([...parts].flatMap((part) => [...part.sources]));
    const merged = { sources: all, at, reached: [...parts].flatMap(({ reached }) => reached) };
    for (const one of all) groups.set(one, merged);
  };
  for (const use of uses) join([use], use.node);
  for (const call of descendants(owner, ts.isCallExpression)) {
    const queried = joinedByQuery(carried, call);
    if (queried.length > 0) join(queried, call);
    const [row, model] = accessorOf(analysis, carried, call) ?? [];
    if (row !== undefined && model !== undefined) {
      const group = groups.get(row) ?? alone(row);
      const more = { ...group, reached: [...group.reached, model] };
      for (const one of group.sources) groups.set(one, more);
    }
    for (const passed of joinedByCall(analysis, owner, carried, call)) join(passed, call);
  }
  return [...new Set(groups.values())];
}

function alone(source: Source): Together {
  return { sources: new Set([source]), at: undefined, reached: [] };
}

/** What the row of `clinic.getUsers()` carries, and the model of that name. */
function accessorOf(
  { registry }: Analysis,
  carried: CarriedValues,
  { expression }: ts.CallExpression,
): readonly [Source, Model] | undefined {
  const name = ACCESSOR.exec(memberName(expression) ?? '')?.groups?.['name'];
  if (name === undefined || !ts.isPropertyAccessExpression(expression)) return undefined;
  const model = registry.named(name) ?? registry.named(inflection.singularize(name));
  const [row] = model === undefined ? [] : carried.of(expression.expression);
  return row === undefined || model === undefined ? undefined : [row, model];
}

/** A model, a row or a connection with what the options of its method carry. */
function joinedByQuery(carried: CarriedValues, call: ts.CallExpression): readonly Source[] {
  const method = memberName(call.expression) ?? '';
  if (!ts.isPropertyAccessExpression(call.expression)) return [];
  const received = carried.of(call.expression.expression);
  if (received.length === 0) return [];
  const index =
    OPTIONS_AT[method] ?? (OPTIONS_FIRST.test(method) ? 0 : OPTIONS_SECOND.test(method) ? 1 : undefined);
  const at = ROW_FIRST.test(method) ? call.arguments : call.arguments.slice(index ?? 0, (index ?? -1) + 1);
  const given = at.flatMap((one) => carried.of(one));
  return given.length === 0 ? [] : [...received, ...given];
}

/** What a call brings together in the function that it calls, each with what that function adds. */
function joinedByCall(
  analysis: Analysis,
  owner: FunctionNode,
  carried: CarriedValues,
  call: ts.CallExpression,
): readonly (readonly Source[])[] {
  const callee = analysis.evaluator.valueOf(call.expression);
  if (callee?.kind !== 'function' || isInside(callee.node, owner) || ownerOf(call) !== owner) return [];
  return readJoined(analysis, callee.node).groups.flatMap(({ sources }) => {
    const parameters = [...sources].filter(isParameter);
    const passed = parameters.flatMap((one) => givenTo(carried, callee.node, call, one));
    return passed.length === 0 ? [] : [[...passed, ...[...sources].filter((one) => !isParameter(one))]];
  });
}
