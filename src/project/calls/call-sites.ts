import { ts } from 'ts-morph';
import type { Analysis } from '../analysis.js';
import { FINDERS, makerOf } from '../models/rows.js';
import { memberName, nodesOf, rootOf } from '../source/nodes.js';
import type { Model, Value } from '../types.js';

/** What a call's receiver is, as far as reading the source tells. */
export type SiteClass = 'model' | 'connection' | 'instance' | 'migrated' | 'not Sequelize' | 'unknown';

/** A call of a method that Sequelize has, on whatever it is called. */
export interface Site {
  readonly call: ts.CallExpression;
  readonly receiver: ts.Expression;
  readonly kind: SiteClass;
  /** For a model, and for a row where its model is known. */
  readonly model: Model | undefined;
  readonly value: Value | undefined;
}

const OTHERS =
  /^(count|min|max|sum|aggregate|update|destroy|restore|truncate|increment|decrement|save|reload|query|transaction|scope|unscoped)$/;

/** Every such call of a file, in the order of the source. Method names lie: the receiver decides. */
export function sitesOf({ evaluator, uses }: Analysis, file: ts.SourceFile): Site[] {
  const unknown = new Set(uses.get(file)?.unknown ?? []);
  return nodesOf(file).flatMap((call): Site[] => {
    if (!ts.isCallExpression(call) || !isMember(call.expression)) return [];
    const name = memberName(call.expression) ?? '';
    if (!FINDERS.test(name) && !OTHERS.test(name)) return [];
    const receiver = call.expression.expression;
    const value = evaluator.valueOf(receiver);
    const base = { call, receiver, value };
    if (value?.kind === 'model') return [{ ...base, kind: 'model', model: value.model }];
    if (value?.kind === 'connection' || value?.kind === 'migrated')
      return [{ ...base, kind: value.kind, model: undefined }];
    if (value !== undefined) return [{ ...base, kind: 'not Sequelize', model: undefined }];
    const root = rootOf(receiver);
    const origin = root && evaluator.valueOf(root);
    if (origin?.kind === 'package')
      return [{ ...base, value: origin, kind: 'not Sequelize', model: undefined }];
    const maker = unknown.has(call) ? undefined : makerOf(evaluator, receiver);
    const made = maker && evaluator.valueOf(maker);
    if (made?.kind === 'model') return [{ ...base, kind: 'instance', model: made.model }];
    if (made?.kind === 'migrated') return [{ ...base, kind: 'instance', model: undefined }];
    return [{ ...base, kind: 'unknown', model: undefined }];
  });
}

const isMember = (node: ts.Node): node is ts.PropertyAccessExpression | ts.ElementAccessExpression =>
  ts.isPropertyAccessExpression(node) || ts.isElementAccessExpression(node);
