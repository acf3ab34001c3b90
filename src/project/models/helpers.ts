import { ts } from 'ts-morph';
import { isRuntime } from '../source/modules.js';
import { descendants, isFunctionNode, property } from '../source/nodes.js';
import type { AppProject } from '../source/open-project.js';
import type { FunctionNode } from '../types.js';
import { originOf } from '../values/constants.js';

/** What makes a model, with the expressions that say which; `name` is undefined where a call does not give it. */
export interface Making {
  readonly node: ts.Node;
  readonly name: ts.Expression | undefined;
  readonly options: ts.Expression | undefined;
}

/** Follows definitions that stand in a helper to the calls of it: `make(sequelize, 'Bed', {…})`. */
export class Helpers {
  /** The helpers that were followed. */
  readonly seen = new Set<FunctionNode>();
  #calls: ReadonlyMap<ts.Node, readonly ts.CallExpression[]> | undefined;

  constructor(private readonly project: AppProject) {}

  /** The definition itself, or each call of the helper, or of the helper's own helper, that it stands in. */
  made(making: Making, within: readonly FunctionNode[] = []): readonly Making[] {
    const parameter = making.name && parameterBehind(this.project, making.name);
    const helper = parameter && functionOf(parameter);
    if (helper === undefined || within.includes(helper)) return [making];
    this.seen.add(helper);
    const calls = this.#callsOf(helper);
    // Whoever calls it is not seen, and so neither is the name.
    if (calls.length === 0) return [{ ...making, name: undefined }];
    return calls.flatMap((call) => {
      const given = (one: ts.Expression | undefined) => one && this.#given(helper, call, one);
      return this.made({ node: call, name: given(making.name), options: given(making.options) }, [
        ...within,
        helper,
      ]);
    });
  }

  /** What an expression of the helper is for one of its calls: itself, where it is no parameter. */
  #given(
    helper: FunctionNode,
    call: ts.CallExpression,
    expression: ts.Expression,
  ): ts.Expression | undefined {
    const parameter = parameterBehind(this.project, expression);
    if (parameter === undefined || functionOf(parameter) !== helper) return expression;
    if (ts.isParameter(parameter)) return call.arguments[helper.parameters.indexOf(parameter)];
    const pattern = parameter.parent.parent as ts.ParameterDeclaration;
    const argument = call.arguments[helper.parameters.indexOf(pattern)];
    const object = argument && originOf(this.project, argument);
    const key = (parameter.propertyName ?? parameter.name).getText();
    return object !== undefined && ts.isObjectLiteralExpression(object) ? property(object, key) : undefined;
  }

  #callsOf(helper: FunctionNode): readonly ts.CallExpression[] {
    this.#calls ??= this.#readCalls();
    return this.#calls.get(helper) ?? [];
  }

  #readCalls(): Map<ts.Node, ts.CallExpression[]> {
    const calls = new Map<ts.Node, ts.CallExpression[]>();
    const own = this.project.files.filter(({ fileName }) => !isRuntime(this.project.app, fileName));
    for (const call of own.flatMap((file) => descendants(file, ts.isCallExpression))) {
      const callee = originOf(this.project, call.expression);
      if (isFunctionNode(callee)) calls.set(callee, [...(calls.get(callee) ?? []), call]);
    }
    return calls;
  }
}

/** The parameter that an expression is, or a name that is taken out of one: `name` of `({ name, fields }) => …`. */
export function parameterBehind(
  project: AppProject,
  expression: ts.Expression,
): ts.ParameterDeclaration | ts.BindingElement | undefined {
  const origin = originOf(project, expression);
  if (ts.isParameter(origin)) return origin;
  return ts.isBindingElement(origin) && ts.isParameter(origin.parent.parent) ? origin : undefined;
}

function functionOf(parameter: ts.ParameterDeclaration | ts.BindingElement): FunctionNode | undefined {
  const { parent } = ts.isParameter(parameter) ? parameter : parameter.parent.parent;
  return isFunctionNode(parent) ? parent : undefined;
}
