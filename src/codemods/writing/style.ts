import { ts } from 'ts-morph';
import { isEsModule } from '../../project/source/modules.js';
import { descendants } from '../../project/source/nodes.js';

/** How a file is written; what we add to it is written the same way. */
export interface Style {
  readonly indent: string;
  readonly quote: "'" | '"';
  /** `;` or nothing. */
  readonly end: string;
  readonly isEsModule: boolean;
  readonly isTypeScript: boolean;
}

/** Reads a file's style; where it has none of its own, two blanks, single quotes and semicolons. */
export function styleOf(file: ts.SourceFile): Style {
  const { text } = file;
  const single = text.split("'").length;
  const double = text.split('"').length;
  const ended = file.statements.filter((statement) => isEnded(statement));
  const withSemicolon = ended.filter((statement) => statement.getText(file).endsWith(';')).length;
  return {
    indent: indentOf(file),
    quote: double > single ? '"' : "'",
    end: ended.length > 0 && withSemicolon * 2 < ended.length ? '' : ';',
    isEsModule: isEsModule(file),
    isTypeScript: /\.[cm]?ts$/.test(file.fileName),
  };
}

function isEnded(statement: ts.Statement): boolean {
  return (
    ts.isVariableStatement(statement) ||
    ts.isExpressionStatement(statement) ||
    ts.isImportDeclaration(statement)
  );
}

/** The indentation of the first thing in braces that stands on a line of its own, else of the first indented line. */
function indentOf(file: ts.SourceFile): string {
  const { text } = file;
  for (const block of descendants(file, isBraced)) {
    const [first] = ts.isObjectLiteralExpression(block)
      ? block.properties
      : ts.isBlock(block)
        ? block.statements
        : block.members;
    if (first === undefined) continue;
    const outer = blanksOf(text, block.getStart(file));
    const inner = blanksOf(text, first.getStart(file));
    if (inner.length > outer.length && inner.startsWith(outer)) return inner.slice(outer.length);
  }
  return /^(\t| {2,4})\S/m.exec(text)?.[1] ?? '  ';
}

function isBraced(node: ts.Node): node is ts.Block | ts.ObjectLiteralExpression | ts.ClassLikeDeclaration {
  return ts.isBlock(node) || ts.isObjectLiteralExpression(node) || ts.isClassLike(node);
}

function blanksOf(text: string, offset: number): string {
  const start = text.lastIndexOf('\n', offset - 1) + 1;
  return /^[ \t]*/.exec(text.slice(start, offset))?.[0] ?? '';
}
