import { posix } from 'node:path';
import { ts } from 'ts-morph';
import { requiredSpecifier, unwrap } from './nodes.js';
import { symbolOf } from './symbols.js';

/** A text in pieces, as far as the source tells: undefined stands for what cannot be known. */
type Pieces = readonly (string | undefined)[];

/** What `require(…)` and `import(…)` load, as a specifier, be it computed from constants; undefined for anything else. */
export function requiredModule(node: ts.Node): string | undefined {
  const plain = requiredSpecifier(node);
  if (plain !== undefined) return plain;
  const pieces = requiredPieces(node);
  return pieces === undefined || pieces.includes(undefined) ? undefined : posix.normalize(pieces.join(''));
}

/**
 * The absolute paths that a `require(…)` of a path which is not all known may mean; undefined for one that is known, for
 * packages, and for what loads nothing.
 */
export function requiredPattern(node: ts.Node): RegExp | undefined {
  const pieces = requiredPieces(node);
  if (pieces?.includes(undefined) !== true) return undefined;
  const [first = ''] = pieces;
  if (/^[^./]/.test(first)) return undefined; // a package's own file
  const folder = first.startsWith('.') ? `${posix.dirname(node.getSourceFile().fileName)}/` : '';
  const steps = [folder, ...pieces].map((piece) =>
    piece === undefined ? '.*' : piece.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&'),
  );
  const path = steps
    .join('')
    .replaceAll('/\\./', '/')
    .replaceAll(/[^/]+\/\\\.\\\.\//g, '');
  return new RegExp(`^${path}(\\.[cm]?[jt]s|/index\\.[cm]?[jt]s)?$`);
}

function requiredPieces(node: ts.Node): Pieces | undefined {
  if (!ts.isCallExpression(node)) return undefined;
  const [argument, ...more] = node.arguments;
  const isRequire = ts.isIdentifier(node.expression) && node.expression.text === 'require';
  const isLoading = isRequire || node.expression.kind === ts.SyntaxKind.ImportKeyword;
  if (!isLoading || argument === undefined || more.length > 0) return undefined;
  return piecesOf(argument, new Set());
}

const UNKNOWN: Pieces = [undefined];

function piecesOf(expression: ts.Expression, seen: Set<ts.Node>): Pieces {
  const node = unwrap(expression);
  if (seen.has(node)) return UNKNOWN;
  seen.add(node);
  const inner = (one: ts.Expression): Pieces => piecesOf(one, seen);
  if (ts.isStringLiteralLike(node)) return [node.text];
  if (ts.isTemplateExpression(node))
    return [
      node.head.text,
      ...node.templateSpans.flatMap(({ expression, literal }) => [...inner(expression), literal.text]),
    ];
  if (ts.isBinaryExpression(node) && node.operatorToken.kind === ts.SyntaxKind.PlusToken)
    return [...inner(node.left), ...inner(node.right)];
  const { fileName } = node.getSourceFile();
  const text = node.getText();
  if (text === '__dirname' || text === 'import.meta.dirname') return [posix.dirname(fileName)];
  if (text === '__filename' || text === 'import.meta.filename') return [fileName];
  if (ts.isIdentifier(node)) {
    const value = constantValue(node);
    return value === undefined ? UNKNOWN : inner(value);
  }
  if (!ts.isCallExpression(node)) return UNKNOWN;
  const callee = node.expression.getText();
  const [first] = node.arguments;
  if (callee === 'require.resolve' && first !== undefined) return inner(first);
  if (!/^(path\.)?(posix\.)?(join|resolve)$/.test(callee)) return UNKNOWN;
  return node.arguments.flatMap((one, i) => (i === 0 ? inner(one) : ['/', ...inner(one)]));
}

/** What a constant is made with, where it is the one declaration of its name. */
function constantValue(name: ts.Identifier): ts.Expression | undefined {
  const [only, ...more] = symbolOf(name)?.declarations ?? [];
  if (only === undefined || more.length > 0 || !ts.isVariableDeclaration(only)) return undefined;
  const isConstant = (only.parent.flags & ts.NodeFlags.Const) !== 0;
  return isConstant && ts.isIdentifier(only.name) ? only.initializer : undefined;
}
