import { ts } from 'ts-morph';
import type { Analysis } from '../../project/analysis.js';
import { isStatic, memberName, thisMember } from '../../project/source/nodes.js';
import { baseOf, classMember } from '../../project/values/class-members.js';
import { runtimeName } from '../../project/values/runtime-names.js';

/**
 * The model of a call that the runtime's Repository answers: `PatientRepository.findAll(…)`, `this.getModel(…)` and
 * `super.findOne(…)` in such a class. Undefined for every other call.
 */
export function repositoryCall(analysis: Analysis, call: ts.CallExpression): string | undefined {
  const method = memberName(call.expression);
  if (method === undefined || !ts.isPropertyAccessExpression(call.expression)) return undefined;
  const receiver = call.expression.expression;
  const isSuper = receiver.kind === ts.SyntaxKind.SuperKeyword;
  const value = isSuper ? undefined : analysis.evaluator.valueOf(receiver);
  const node = isSuper ? staticClassAround(receiver) : value?.kind === 'class' ? value.node : undefined;
  if (node === undefined || !extendsRepository(analysis, node)) return undefined;
  const look = (expression: ts.Expression) => analysis.evaluator.valueOf(expression);
  if (!isSuper && classMember(look, node, method) !== undefined) return undefined;
  return modelName(node);
}

function staticClassAround(node: ts.Node): ts.ClassLikeDeclaration | undefined {
  const member = thisMember(node);
  return member !== undefined && isStatic(member) && ts.isClassLike(member.parent)
    ? member.parent
    : undefined;
}

function extendsRepository(analysis: Analysis, node: ts.ClassLikeDeclaration): boolean {
  const look = (expression: ts.Expression) => analysis.evaluator.valueOf(expression);
  for (let at: ts.ClassLikeDeclaration | undefined = node; at !== undefined; at = baseOf(look, at)) {
    const base = at.heritageClauses?.find(({ token }) => token === ts.SyntaxKind.ExtendsKeyword)?.types[0];
    if (base !== undefined && runtimeName(analysis.evaluator, base.expression)?.file === 'repository')
      return true;
  }
  return false;
}

/** `static get modelName() { return 'Patient'; }`, else the class's name without Repository. */
function modelName(node: ts.ClassLikeDeclaration): string | undefined {
  const own = node.members.find((member) => member.name?.getText() === 'modelName');
  const literal = own && /['"](\w+)['"]/.exec(own.getText())?.[1];
  return literal ?? node.name?.text.replace(/Repository$/, '');
}
