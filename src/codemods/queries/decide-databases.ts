import { posix } from 'node:path';
import { ts } from 'ts-morph';
import type { Analysis } from '../../project/analysis.js';
import { ownerOf } from '../../project/calls/handlers.js';
import type { Use } from '../../project/calls/uses.js';
import type { TableFacts } from '../../project/models/registry.js';
import { locationOf, memberName } from '../../project/source/nodes.js';
import { shown } from '../../project/source/shown.js';
import { type Database, databasesOf, type FunctionNode, type Model } from '../../project/types.js';
import { nameOf as nameOfFunction } from '../planning/callers.js';
import type { Draft, Drafts } from '../planning/draft.js';
import { clinicChoice } from './clinic-table.js';
import { DatabaseChoices, modelAskedFor, PORTABLE, type Settled } from './database-of.js';
import { isParameter, type Together } from './joined-uses.js';
import { readQuery, reportQuery } from './raw-queries.js';

const choices = new WeakMap<Analysis, DatabaseChoices>();

/**
 * Decides for every use of one function which database it means. What cannot be decided, or reaches from one
 * database to the other, becomes a problem of the draft.
 */
export function decideDatabases(
  drafts: Drafts,
  draft: Draft,
  facts: TableFacts,
  owner: FunctionNode,
  uses: readonly Use[],
): ReadonlyMap<Use, Database> {
  const { analysis } = drafts;
  const all = choices.get(analysis) ?? new DatabaseChoices(analysis, facts);
  choices.set(analysis, all);
  const known = new Set(analysis.uses.get(draft.file)?.uses);
  const settled = all.of(
    owner,
    uses.filter((use) => !known.has(use)),
  );
  const found = new Map<Use, Database>();
  const { groups } = settled.joined;
  const groupOf = (use: Use): Together | undefined => groups.find(({ sources }) => sources.has(use));
  for (const use of uses) reportUse(draft, analysis, facts, use);
  linkTransactions(draft, groups, uses);
  const open: Use[] = [];
  const reported = new Set<Together>();
  for (const use of uses) {
    const group = groupOf(use);
    const possible = (group && settled.databases.get(group)) ?? all.ofUse(use);
    const [only, other] = possible;
    if (use.model !== undefined && databasesOf(use.model).length === 0) continue;
    if (group !== undefined && (only === undefined || settled.torn.has(group))) {
      found.set(use, all.ofUse(use)[0] ?? 'clinic');
      if (!reported.has(group)) {
        reportCrossing(draft, all, settled, group, uses);
        leaveOthers(drafts, owner, group);
      }
      reported.add(group);
    } else if (only !== undefined && other === undefined) found.set(use, only);
    else open.push(use);
  }
  // Where no authentication is seen to be mounted, what is behind it is not known.
  const isGuarded = open.length > 0 && analysis.routing.mounts.some(({ guard }) => guard !== undefined);
  const isPublic = isGuarded && isBeforeLogin(analysis, owner);
  const usual = usualOf(analysis, draft.file, [...found.values()]);
  for (const use of open) {
    const isShared = use.model !== undefined && !use.model.directory;
    const alike = alikeOf(use, found);
    const around = use.model === undefined ? databaseAround(use, found) : undefined;
    const group = groupOf(use);
    const joined =
      group && [...group.sources].flatMap((one) => (isParameter(one) ? [] : (found.get(one) ?? [])));
    const otherwise = isPublic ? 'central' : isShared ? 'clinic' : usual;
    found.set(use, joined?.[0] ?? alike ?? around ?? otherwise);
  }
  return found;
}

/** Migrated alone, functions that are given a transaction would no longer tell whose it is. */
function linkTransactions(draft: Draft, groups: readonly Together[], own: readonly Use[]): void {
  for (const { sources } of groups) {
    const uses = [...sources].filter((one): one is Use => !isParameter(one));
    if (!uses.some((one) => own.includes(one) && isTransaction(one))) continue;
    for (const file of uses.map(({ node }) => node.getSourceFile()))
      if (file !== draft.file) draft.linked.add(file);
  }
}

/** True where a request may come that nobody has asked who sends it, so that there is no clinic. */
function isBeforeLogin(
  analysis: Analysis,
  owner: FunctionNode,
  seen: ReadonlySet<FunctionNode> = new Set(),
): boolean {
  if (seen.has(owner)) return false;
  if (analysis.routing.isPublic(owner)) return true;
  const more = new Set([...seen, owner]);
  return (analysis.calls.get(owner)?.calls ?? []).some((call) => {
    const caller = ownerOf(call);
    return caller !== undefined && isBeforeLogin(analysis, caller, more);
  });
}

/** The one database that the same model is of elsewhere in the function, where it has one name for both. */
function alikeOf({ model }: Use, found: ReadonlyMap<Use, Database>): Database | undefined {
  if (model === undefined) return undefined;
  const others = new Set([...found].flatMap(([use, database]) => (use.model === model ? [database] : [])));
  return others.size === 1 ? [...others][0] : undefined;
}

/** The database of the query that `sequelize.literal(…)` stands in. */
function databaseAround(use: Use, found: ReadonlyMap<Use, Database>): Database | undefined {
  const receiver = receiverOf(use, [...found.keys()]);
  return receiver && found.get(receiver);
}

/** The database of most of what else a function does, else of its file's models, those of the clinic table aside. */
function usualOf({ uses }: Analysis, file: ts.SourceFile, decided: readonly Database[]): Database {
  const known = new Set(decided);
  if (known.size === 0)
    for (const { model } of uses.get(file)?.uses ?? [])
      for (const one of model === undefined || model.directory ? [] : databasesOf(model)) known.add(one);
  return known.has('clinic') || known.size === 0 ? 'clinic' : 'central';
}

/** What is to be said of one use, wherever it goes. */
function reportUse(draft: Draft, analysis: Analysis, facts: TableFacts, use: Use): void {
  const { node, model } = use;
  if (model !== undefined) {
    if (databasesOf(model).length === 0)
      draft.problem(
        'CODE_MODEL_IGNORED',
        node,
        `${model.name} is used, and its table ${model.tableName} is left behind`,
        model.name,
      );
    if (model.directory) noteClinicTable(draft, analysis, facts, use, model);
    return;
  }
  const method = memberName(node.parent);
  const call = node.parent.parent;
  if (modelAskedFor(analysis, use) !== undefined) return;
  if (method === 'query' && ts.isCallExpression(call))
    reportQuery(draft, call, readQuery(call, analysis.registry.models, facts));
  else if (
    method !== undefined &&
    !PORTABLE.has(method) &&
    !/^(transaction|query|authenticate)$/.test(method)
  )
    draft.problem('CODE_CONNECTION_USE', node, `${shown(node)}.${method} has no equivalent for one clinic`);
}

const WRITES = /^(create|bulkCreate|update|upsert|destroy|findOrCreate|increment|decrement|truncate)$/;

/** The clinic table's row is in two databases: a write reaches one of them, and a search for others needs central. */
function noteClinicTable(draft: Draft, analysis: Analysis, facts: TableFacts, use: Use, model: Model): void {
  const method = memberName(use.node.parent) ?? '';
  if (WRITES.test(method))
    draft.note(
      'CODE_DIRECTORY_WRITE',
      'warning',
      use.node,
      `${model.name}.${method} changes one of two copies: the clinic's own and the central one`,
      model.name,
    );
  if (clinicChoice(analysis, facts, use) === 'unknown')
    draft.note(
      'CODE_CLINIC_TABLE',
      'warning',
      use.node,
      `nothing tells whether ${model.name}.${method} asks for one clinic by its key; it goes to the central database`,
      model.name,
    );
}

/** Reports what brings two databases together, with both places. */
function reportCrossing(
  draft: Draft,
  all: DatabaseChoices,
  { torn }: Settled,
  group: Together,
  own: readonly Use[],
): void {
  const uses = [...group.sources].filter((one): one is Use => !isParameter(one));
  const root = draft.file.fileName;
  const transaction = own.find((one) => uses.includes(one) && isTransaction(one));
  if (torn.has(group)) {
    const [first] = own.filter((one) => uses.includes(one));
    draft.problem(
      'CODE_CROSSING_VALUE',
      first?.node ?? group.at ?? draft.file,
      `callers pass ${nameOf(first)} what is of a clinic here and of the central database there`,
      first?.model?.name,
    );
    return;
  }
  if (transaction !== undefined) {
    const names = [...new Set(uses.filter((one) => !isTransaction(one)).map(nameOf))].join(', ');
    draft.problem(
      'CODE_CROSSING_TRANSACTION',
      transaction.node,
      `one transaction holds ${names}, which are in different databases`,
    );
    return;
  }
  const [one, other] = apart(all, uses) ?? [];
  if (one === undefined || other === undefined) return; // a raw query, which reportQuery() tells of
  const outer = receiverOf(other, own) === one ? one : receiverOf(one, own) === other ? other : undefined;
  const inner = outer === one ? other : one;
  if (outer !== undefined)
    draft.problem(
      'CODE_CROSSING_INCLUDE',
      inner.node,
      `a query of ${nameOf(outer)} reaches ${nameOf(inner)}, which is in another database`,
      inner.model?.name,
    );
  else
    draft.problem(
      'CODE_CROSSING_VALUE',
      group.at ?? other.node,
      `this brings ${nameOf(one)} (${placeOf(one, root)}) together with ${nameOf(other)} (${placeOf(other, root)}), which is in another database`,
      other.model?.name,
    );
}

/** Leaves the functions whose models a function that is left brings together with others. */
function leaveOthers(drafts: Drafts, owner: FunctionNode, { sources }: Together): void {
  for (const source of sources) {
    if (isParameter(source) || source.owner === undefined || source.owner === owner) continue;
    const name = nameOfFunction(source.owner);
    const message = `${name} gives ${nameOf(source)} to ${nameOfFunction(owner)}, which is left`;
    drafts
      .of(source.node.getSourceFile())
      .leave(source.owner, owner, { node: source.node, severity: 'error', message, subject: name });
  }
}

/** The first two uses that no database has both of. */
function apart(all: DatabaseChoices, uses: readonly Use[]): readonly [Use, Use] | undefined {
  for (const one of uses)
    for (const other of uses) {
      const databases = all.ofUse(other);
      const isApart = !all.ofUse(one).some((database) => databases.includes(database));
      if (one !== other && isApart) return [one, other];
    }
  return undefined;
}

function isTransaction({ node, model }: Use): boolean {
  return model === undefined && memberName(node.parent) === 'transaction';
}

function nameOf(use: Use | undefined): string {
  return use?.model?.name ?? 'a raw query';
}

function placeOf({ node }: Use, from: string): string {
  const { file, line } = locationOf(node);
  return file === from ? `line ${line}` : `${posix.relative(posix.dirname(from), file)}:${line}`;
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
