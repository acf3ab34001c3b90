import { ts } from 'ts-morph';
import type { Analysis } from '../../project/analysis.js';
import { descendants, isStatic, memberName } from '../../project/source/nodes.js';
import type { Model } from '../../project/types.js';

/** `static init(sequelize) { return super.init(…) }`, or `static initModel(sequelize) { Patient.init(…) }`. */
export interface StaticInit {
  readonly node: ts.ClassDeclaration;
  readonly name: string;
  readonly call: ts.CallExpression;
  /** The connection's parameter. */
  readonly parameter: string;
  /** True where it also takes the package's types. */
  readonly takesTypes: boolean;
  /** True where what it returns is the class. */
  readonly returns: boolean;
}

/** The static method by which a class of the file is bound to the connection that it is given. */
export function staticInit(
  { registry }: Analysis,
  file: ts.SourceFile,
  model: Model,
): StaticInit | undefined {
  const node = file.statements.find(
    (one): one is ts.ClassDeclaration => ts.isClassDeclaration(one) && registry.byNode.get(one) === model,
  );
  for (const method of node?.members ?? []) {
    if (
      !ts.isMethodDeclaration(method) ||
      !isStatic(method) ||
      method.body === undefined ||
      node === undefined
    )
      continue;
    const [connection, types, ...more] = method.parameters;
    const isTypes = types === undefined || types.name.getText(file) === 'DataTypes';
    if (connection === undefined || !ts.isIdentifier(connection.name) || !isTypes || more.length > 0)
      continue;
    const calls = descendants(method.body, ts.isCallExpression).filter(
      (call) => memberName(call.expression) === 'init',
    );
    const [call, ...others] = calls;
    if (call === undefined || others.length > 0) continue;
    return {
      node,
      name: method.name.getText(file),
      call,
      parameter: connection.name.text,
      takesTypes: types !== undefined,
      returns: method.body.statements.some(
        (one) => ts.isReturnStatement(one) && one.expression !== undefined,
      ),
    };
  }
  return undefined;
}

/** True for `Patient.init(sequelize)` and for a loop that does so for several models. */
export function isInitCall(statement: ts.Statement): boolean {
  if (!ts.isExpressionStatement(statement) && !ts.isForOfStatement(statement)) return false;
  return descendants(statement, ts.isCallExpression).some(
    (call) => /^init(Model|iali[sz]e)?$/.test(memberName(call.expression) ?? '') && call.arguments.length > 0,
  );
}
