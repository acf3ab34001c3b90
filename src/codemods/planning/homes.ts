import { ts } from 'ts-morph';
import type { Analysis } from '../../project/analysis.js';
import type { Use } from '../../project/calls/uses.js';
import type { TableFacts } from '../../project/models/registry.js';
import { memberName } from '../../project/source/nodes.js';
import { shown } from '../../project/source/shown.js';
import { areApart, type Home, homesOf, type Model } from '../../project/types.js';
import { queryHome } from '../queries/raw-queries.js';
import { transactionHome } from '../queries/transactions.js';
import type { Draft } from './draft.js';

/** Methods of the connection that build parts of a query or ask for its dialect: any connection will do. */
const PORTABLE = new Set([
  'fn',
  'col',
  'literal',
  'where',
  'cast',
  'json',
  'and',
  'or',
  'escape',
  'random',
  'getQueryInterface',
  'QueryTypes',
  'Op',
  'Transaction',
  'Sequelize',
]);

/**
 * Decides for every use of one function which database it means. What cannot be decided, or reaches from one
 * database to the other, becomes a problem of the draft.
 */
export function decideHomes(
  draft: Draft,
  analysis: Analysis,
  facts: TableFacts,
  uses: readonly Use[],
): ReadonlyMap<Use, Home> {
  const homes = new Map<Use, Home>();
  const open: Use[] = [];
  for (const use of uses) {
    if (use.model === undefined) continue;
    const [home, other] = homesOf(use.model);
    const partner = receiverOf(use, uses)?.model;
    if (partner !== undefined && areApart(partner, use.model)) {
      draft.problem(
        'CODE_CROSSING_INCLUDE',
        use.node,
        `a query of ${partner.name} reaches ${use.model.name}, which is in another database`,
        use.model.name,
      );
    }
    if (home === undefined)
      draft.problem(
        'CODE_MODEL_IGNORED',
        use.node,
        `${use.model.name} is used, and its table ${use.model.tableName} is left behind`,
        use.model.name,
      );
    else if (other === undefined) homes.set(use, home);
    else open.push(use);
  }
  const known = new Set(homes.values());
  if (known.size === 0) for (const home of homesInFile(analysis, draft.file)) known.add(home);
  const usual: Home = known.has('clinic') || known.size === 0 ? 'clinic' : 'central';
  for (const use of open) {
    noteWrite(draft, use);
    const around = receiverOf(use, uses);
    const inside = uses.find((one) => one !== use && receiverOf(one, uses) === use && !open.includes(one));
    const partner = (around && homes.get(around)) ?? (inside && homes.get(inside));
    homes.set(use, partner ?? usual);
  }
  // A transaction belongs where the queries do that it holds, so those come first.
  const isTransaction = ({ node }: Use): boolean => memberName(node.parent) === 'transaction';
  const connections = uses.filter(({ model }) => model === undefined);
  const inOrder = [...connections.filter((use) => !isTransaction(use)), ...connections.filter(isTransaction)];
  for (const use of inOrder) {
    const asked = modelAskedFor(analysis, use);
    if (asked !== undefined) {
      homes.set(use, homesOf(asked)[0] ?? usual);
      continue;
    }
    const method = memberName(use.node.parent);
    const called = use.node.parent.parent;
    if (method === 'transaction') homes.set(use, transactionHome(draft, analysis, use, uses, homes, usual));
    else if (method === 'query' && ts.isCallExpression(called))
      homes.set(use, queryHome(draft, called, analysis.registry.models, facts));
    else if (method === 'authenticate') homes.set(use, 'central');
    else if (method === undefined || PORTABLE.has(method)) homes.set(use, usual);
    else
      draft.problem(
        'CODE_CONNECTION_USE',
        use.node,
        `${shown(use.node)}.${method} has no equivalent for one clinic`,
      );
  }
  return homes;
}

/** The model of `getModel(sequelize, 'Patient')`, which a connection is given for. */
function modelAskedFor({ evaluator, registry }: Analysis, { node }: Use): Model | undefined {
  const call = node.parent;
  if (!ts.isCallExpression(call) || evaluator.valueOf(call.expression)?.kind !== 'getModel') return undefined;
  const [, name] = call.arguments;
  return registry.models.find(
    (model) => name !== undefined && ts.isStringLiteralLike(name) && model.name === name.text,
  );
}

/** Where the models of a whole file live, those of the clinic table aside. */
function homesInFile({ uses }: Analysis, file: ts.SourceFile): Home[] {
  return (uses.get(file)?.uses ?? []).flatMap(({ model }) =>
    model === undefined || model.directory ? [] : homesOf(model),
  );
}

const WRITES = new Set([
  'create',
  'bulkCreate',
  'update',
  'upsert',
  'destroy',
  'findOrCreate',
  'increment',
  'decrement',
  'truncate',
]);

/** The clinic table's row is in two databases; a write reaches one of them. */
function noteWrite(draft: Draft, { node, model }: Use): void {
  const method = memberName(node.parent);
  if (model === undefined || method === undefined || !WRITES.has(method)) return;
  draft.note(
    'CODE_DIRECTORY_WRITE',
    'warning',
    node,
    `${model.name}.${method} changes one of two copies: the clinic's own and the central one`,
    model.name,
  );
}

/** The use whose method is called with this one among its arguments: Patient of `Patient.findAll({ include: User })`. */
export function receiverOf(use: Use, uses: readonly Use[]): Use | undefined {
  for (let at: ts.Node = use.node; at.parent !== undefined && at !== use.owner; at = at.parent) {
    const call = at.parent;
    if (
      !ts.isCallExpression(call) ||
      call.expression === at ||
      !ts.isPropertyAccessExpression(call.expression)
    )
      continue;
    const receiver = call.expression.expression;
    const found = uses.find((one) => one.node === receiver && one.model !== undefined);
    if (found !== undefined) return found;
  }
  return undefined;
}
