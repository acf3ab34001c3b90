import { ts } from 'ts-morph';
import type { Analysis } from '../../project/analysis.js';
import { requestOf } from '../../project/calls/handlers.js';
import { descendants, enclosingFunctions, isFunctionNode } from '../../project/source/nodes.js';
import { symbolOf } from '../../project/source/symbols.js';
import type { FunctionNode, Model } from '../../project/types.js';
import { isAssociation } from './shape.js';

/** The body of a function that does nothing but associate models. */
export interface RelatingBody {
  readonly body: ts.Block;
  /** The model that a name stands for which the function takes from a connection that it is given. */
  resolve(node: ts.Node): Model | undefined;
}

/**
 * A file's functions that do nothing but associate models, for whoever starts the application and gives them nothing, or
 * the connection: `const relate = (sequelize) => { const { User, Passport } = sequelize.models; User.hasOne(Passport); }`.
 */
export function relatingBodies(analysis: Analysis, file: ts.SourceFile): RelatingBody[] {
  if (!/\b(hasMany|hasOne|belongsTo)/.test(file.text)) return [];
  return descendants(file, isFunctionNode).flatMap((node) => {
    const { body } = node;
    if (body === undefined || !ts.isBlock(body) || enclosingFunctions(node).length > 0) return [];
    const taken = new Map<ts.Symbol, Model>();
    const isOnly = body.statements.every(
      (one) => isAssociation(one) || takeModels(analysis, node, one, taken),
    );
    if (!isOnly || !body.statements.some(isAssociation) || !isCalledAtStart(analysis, node)) return [];
    return [
      { body, resolve: (one) => (ts.isIdentifier(one) ? taken.get(symbolOf(one) as ts.Symbol) : undefined) },
    ];
  });
}

function isCalledAtStart({ calls, evaluator }: Analysis, node: FunctionNode): boolean {
  const { calls: callers = [], escapes = [] } = calls.get(node) ?? {};
  return (
    callers.length > 0 &&
    escapes.length === 0 &&
    callers.every(
      (call) =>
        call.arguments.length === node.parameters.length &&
        call.arguments.every((one) => evaluator.valueOf(one)?.kind === 'connection') &&
        enclosingFunctions(call).every((one) => requestOf(one) === undefined),
    )
  );
}

/** Reads `const { User, Passport } = sequelize.models`; false for any other statement. */
function takeModels(
  { registry }: Analysis,
  { parameters }: FunctionNode,
  statement: ts.Statement,
  taken: Map<ts.Symbol, Model>,
): boolean {
  if (!ts.isVariableStatement(statement)) return false;
  const [parameter] = parameters;
  return statement.declarationList.declarations.every(({ name, initializer }) => {
    const isModels =
      parameter !== undefined && initializer?.getText() === `${parameter.name.getText()}.models`;
    if (!isModels || !ts.isObjectBindingPattern(name)) return false;
    return name.elements.every((one) => {
      const model = registry.named((one.propertyName ?? one.name).getText());
      const symbol = ts.isIdentifier(one.name) ? symbolOf(one.name) : undefined;
      if (model !== undefined && symbol !== undefined) taken.set(symbol, model);
      return model !== undefined && symbol !== undefined;
    });
  });
}
