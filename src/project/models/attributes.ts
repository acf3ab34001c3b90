import { ts } from 'ts-morph';
import type { Analysis } from '../analysis.js';
import { descendants, memberName, unwrap } from '../source/nodes.js';
import type { Model } from '../types.js';

/** What Sequelize gives every row besides what its model names. */
const USUAL = ['id', 'createdAt', 'updatedAt', 'deletedAt'];

/**
 * The names that a row of a model has: attributes, the keys that associations add, members of its class. Undefined where
 * the source does not tell them all.
 */
export function attributesOf(analysis: Analysis, model: Model): ReadonlySet<string> | undefined {
  const { byNode } = analysis.registry;
  const nodes = [...byNode].flatMap(([node, one]) => (one === model ? [node] : []));
  const names = new Set<string>();
  let isFound = false;
  for (const node of nodes) {
    if (ts.isClassLike(node)) for (const member of node.members) addName(names, member.name);
    const given = attributesGiven(node);
    if (given === undefined) {
      isFound ||= ts.isClassLike(node) && /@(\w+\.)?Table\b/.test(node.getText());
      continue;
    }
    const literal = literalBehind(analysis, given);
    if (literal === undefined) return undefined;
    for (const member of literal.properties) {
      if (ts.isSpreadAssignment(member) || !addName(names, member.name)) return undefined;
    }
    isFound = true;
  }
  if (!isFound) return undefined;
  for (const name of [...associationNames(analysis, model), ...USUAL]) names.add(name);
  return names;
}

function addName(names: Set<string>, name: ts.PropertyName | undefined): boolean {
  if (name === undefined || !(ts.isIdentifier(name) || ts.isStringLiteralLike(name)))
    return name === undefined;
  names.add(name.text);
  return true;
}

/** The attributes of `define('Name', {…})`, and of `init({…}, …)` in a class or on it. */
function attributesGiven(node: ts.Node): ts.Expression | undefined {
  if (ts.isCallExpression(node)) return node.arguments[1];
  if (!ts.isClassLike(node)) return undefined;
  const name = node.name?.text;
  const init = descendants(node.getSourceFile(), ts.isCallExpression).find(({ expression }) => {
    if (memberName(expression) !== 'init' || !ts.isPropertyAccessExpression(expression)) return false;
    const receiver = expression.expression;
    const isOwn = receiver.kind === ts.SyntaxKind.SuperKeyword || receiver.kind === ts.SyntaxKind.ThisKeyword;
    return isOwn
      ? node.pos <= receiver.pos && receiver.end <= node.end
      : ts.isIdentifier(receiver) && receiver.text === name;
  });
  return init?.arguments[0];
}

function literalBehind({ evaluator }: Analysis, node: ts.Expression): ts.ObjectLiteralExpression | undefined {
  const at = unwrap(node);
  if (ts.isObjectLiteralExpression(at)) return at;
  const value = evaluator.valueOf(at);
  if (value?.kind === 'object') return value.node;
  const declaration = ts.isIdentifier(at) ? evaluator.declarationOf(at) : undefined;
  const given = declaration && ts.isVariableDeclaration(declaration) ? declaration.initializer : undefined;
  return given !== undefined && ts.isObjectLiteralExpression(unwrap(given))
    ? (unwrap(given) as ts.ObjectLiteralExpression)
    : undefined;
}

const ASSOCIATING = /^(belongsTo|hasOne|hasMany|belongsToMany)$/;

/** Keys and accessors of associations that name the model: `foreignKey`, `as`, and the key that Sequelize makes up. */
function associationNames({ uses }: Analysis, model: Model): string[] {
  return [...uses.keys()].flatMap((file) =>
    /belongsTo|hasOne|hasMany/.test(file.text)
      ? descendants(file, ts.isCallExpression).flatMap((call) => namesOfAssociation(call, model))
      : [],
  );
}

function namesOfAssociation(call: ts.CallExpression, model: Model): string[] {
  const { expression } = call;
  if (!ts.isPropertyAccessExpression(expression) || !ASSOCIATING.test(expression.name.text)) return [];
  const [target] = call.arguments;
  const text = call.getText();
  const isOwn =
    lastName(expression.expression) === model.name ||
    expression.expression.kind === ts.SyntaxKind.ThisKeyword;
  if (!isOwn && (target === undefined || lastName(target) !== model.name)) return [];
  const words = [...text.matchAll(/(?:foreignKey|as|name):\s*['"](\w+)['"]/g)].map(([, name = '']) => name);
  const other = lastName(isOwn && target !== undefined ? target : expression.expression) ?? '';
  const bases = [...words, other].filter((name) => name !== '');
  return [
    ...words,
    ...bases.flatMap((base) => [base, `${base}Id`, `${lowerFirst(base)}Id`, `${lowerFirst(base)}_id`]),
  ];
}

function lastName(node: ts.Expression): string | undefined {
  const at = unwrap(node);
  return ts.isIdentifier(at) ? at.text : memberName(at);
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
