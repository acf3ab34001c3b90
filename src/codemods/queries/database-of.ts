import { ts } from 'ts-morph';
import type { Analysis } from '../../project/analysis.js';
import { ownerOf } from '../../project/calls/handlers.js';
import type { Use } from '../../project/calls/uses.js';
import type { TableFacts } from '../../project/models/registry.js';
import { memberName } from '../../project/source/nodes.js';
import { type Database, databasesOf, type FunctionNode, type Model } from '../../project/types.js';
import type { Source } from './carried-values.js';
import { clinicChoice } from './clinic-table.js';
import { isParameter, type Joined, readJoined, type Together } from './joined-uses.js';
import { readQuery } from './raw-queries.js';

/** Methods of the connection that build parts of a query or ask for its dialect: any connection will do. */
export const PORTABLE = new Set([
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

const EITHER: readonly Database[] = ['clinic', 'central'];

/** What one function brings together, each with the databases that it can all be of. */
export interface Settled {
  readonly joined: Joined;
  readonly databases: ReadonlyMap<Together, readonly Database[]>;
  /** What callers bring from the clinic's database here, and from central there. */
  readonly torn: ReadonlySet<Together>;
}

/** Says which databases the values of functions can be of, with what their callers ask for. */
export class DatabaseChoices {
  readonly #settled = new Map<FunctionNode, Settled>();

  constructor(
    private readonly analysis: Analysis,
    private readonly facts: TableFacts,
  ) {}

  /** `more` are uses that stand in the function for those of a constant that it reads. */
  of(owner: FunctionNode, more: readonly Use[] = []): Settled {
    const known = this.#settled.get(owner);
    if (known !== undefined && more.length === 0) return known;
    const joined = readJoined(this.analysis, owner, more);
    const databases = new Map(joined.groups.map((group) => [group, this.#common(group)] as const));
    const torn = new Set<Together>();
    const settled = { joined, databases, torn };
    this.#settled.set(owner, settled); // functions that call each other ask no more of each other
    for (const group of joined.groups) {
      if (databases.get(group)?.length !== 2) continue;
      const asked = this.#askedByCallers(owner, group);
      const [only, other] = asked;
      if (other !== undefined) torn.add(group);
      else if (only !== undefined) databases.set(group, [only]);
    }
    return settled;
  }

  /** The databases that one use can be of by itself. */
  ofUse(use: Use): readonly Database[] {
    const { model, node } = use;
    if (model !== undefined) {
      const isOfAll =
        model.directory && (clinicChoice(this.analysis, this.facts, use) ?? 'by key') !== 'by key';
      return isOfAll ? ['central'] : databasesOf(model);
    }
    const asked = modelAskedFor(this.analysis, use);
    if (asked !== undefined) return databasesOf(asked);
    const method = memberName(node.parent);
    const call = node.parent.parent;
    if (method === 'query' && ts.isCallExpression(call))
      return readQuery(call, this.analysis.registry.models, this.facts).databases;
    return method === 'authenticate' ? ['central'] : EITHER;
  }

  #common({ sources, reached }: Together): readonly Database[] {
    const uses = [...sources].filter((one): one is Use => !isParameter(one));
    const common = EITHER.filter((database) => uses.every((use) => this.ofUse(use).includes(database)));
    const [only, other] = common.filter((database) =>
      reached.every((model) => databasesOf(model).includes(database)),
    );
    // An accessor is known by its name alone: it tells which of two, and never that it can be neither.
    return only !== undefined && other === undefined ? [only] : common;
  }

  /** The databases of what callers pass for the parameters of a group, and of what they do with what it gives back. */
  #askedByCallers(owner: FunctionNode, { sources }: Together): readonly Database[] {
    const found = new Set<Database>();
    const returned = readJoined(this.analysis, owner).carried.returned();
    for (const call of this.analysis.calls.get(owner)?.calls ?? []) {
      const caller = ownerOf(call);
      if (caller === undefined) continue;
      const { joined, databases } = this.of(caller);
      const given = [...sources].flatMap((one): readonly Source[] => {
        if (!isParameter(one)) return returned.includes(one) ? [one] : [];
        const argument = call.arguments[owner.parameters.indexOf(one)];
        return argument === undefined ? [] : joined.carried.of(argument);
      });
      for (const source of given) {
        const group = joined.groups.find((one) => one.sources.has(source));
        const [only, other] = (group && databases.get(group)) ?? [];
        if (only !== undefined && other === undefined) found.add(only);
      }
    }
    return [...found];
  }
}

/** The model of `getModel(sequelize, 'Patient')`, which a connection is given for. */
export function modelAskedFor({ evaluator, registry }: Analysis, { node }: Use): Model | undefined {
  const call = node.parent;
  if (!ts.isCallExpression(call) || evaluator.valueOf(call.expression)?.kind !== 'getModel') return undefined;
  const [, name] = call.arguments;
  return registry.models.find(
    (model) => name !== undefined && ts.isStringLiteralLike(name) && model.name === name.text,
  );
}
