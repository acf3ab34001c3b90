import { ts } from 'ts-morph';
import { memberName, requiredSpecifier, unwrap } from './nodes.js';

/** What stands in a message in place of a text that may be a secret. */
const HIDDEN = '…';

/**
 * Source text as a message may show it: its first line, without comments, and cut to what fits. A string is shown only
 * where it is known to be a name (a model's, a module's, a member's) or a route's path: any other may be a secret.
 */
export function shown(node: ts.Node, most = 60): string {
  let text = '';
  for (const part of parts(node)) {
    text += part;
    if (text.includes('\n') || text.length > most) break;
  }
  const [line = ''] = text.split('\n');
  return line.length > most ? `${line.slice(0, most - 1)}${HIDDEN}` : line.trimEnd();
}

/** The tokens below a node with the blanks between them, from left to right. */
function* parts(start: ts.Node): Generator<string> {
  const file = start.getSourceFile();
  for (const token of tokens(start, file)) {
    const from = token.getStart(file);
    const isFirst = from === start.getStart(file);
    if (!isFirst) yield blanks(file.text.slice(token.getFullStart(), from));
    yield isText(token) && !isName(token) ? hidden(token.getText(file)) : token.getText(file);
  }
}

function* tokens(node: ts.Node, file: ts.SourceFile): Generator<ts.Node> {
  const children = node.getChildren(file);
  if (children.length === 0) {
    if (node.getEnd() > node.getStart(file)) yield node;
    return;
  }
  for (const child of children) yield* tokens(child, file);
}

/** What separates two tokens: a comment in it counts as a blank, and a line's end stays one. */
function blanks(between: string): string {
  if (between.includes('\n')) return '\n';
  return between.trim() === '' ? between : ' ';
}

function isText(token: ts.Node): boolean {
  return (
    ts.isStringLiteralLike(token) || ts.isTemplateHead(token) || ts.isTemplateMiddleOrTemplateTail(token)
  );
}

/** `'…'`, and `…${` of a template: the delimiters stay. */
function hidden(text: string): string {
  const start = text.slice(0, 1);
  const end = text.endsWith('${') ? '${' : text.slice(-1);
  return text.length <= start.length + end.length ? text : `${start}${HIDDEN}${end}`;
}

/** Functions that are given names: of a model, of its scope, of its association, of a route's parameter. */
const NAMING = /^(getModel|model|isDefined|define|scope|param|\$(get|set|create|add|count|has|remove))$/;
const ROUTING = /^(use|all|get|post|put|patch|delete|head|options|route)$/;

/** True for a string that is a name or a route's path, by where it stands and by how it looks. */
function isName(token: ts.Node): boolean {
  const { parent } = token;
  if (!ts.isStringLiteralLike(token) || parent === undefined) return false;
  if (ts.isImportDeclaration(parent) || ts.isExportDeclaration(parent)) return true;
  if (ts.isElementAccessExpression(parent)) return parent.argumentExpression === token;
  if (!ts.isCallExpression(parent)) return false;
  if (requiredSpecifier(parent) !== undefined) return true;
  const callee = unwrap(parent.expression);
  const called = (ts.isIdentifier(callee) ? callee.text : memberName(callee)) ?? '';
  const isPath = ROUTING.test(called) && parent.arguments[0] === token;
  return isPath
    ? /^\/[\w/:.*-]*$/.test(token.text)
    : NAMING.test(called) && /^[A-Za-z_$][\w$]*$/.test(token.text);
}
