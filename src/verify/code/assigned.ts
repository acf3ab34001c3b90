import { ts } from 'ts-morph';
import type { Analysis } from '../../project/analysis.js';
import { descendants, isAssignment } from '../../project/source/nodes.js';
import { symbolOf } from '../../project/source/symbols.js';

/** `left = right`, and its kin `??=`, `||=`, `&&=`. */
export interface Assigned {
  readonly node: ts.BinaryExpression;
  readonly left: ts.Expression;
  readonly right: ts.Expression;
}

/** Every assignment of the application's own files, read once. */
export class Assignments {
  readonly all: readonly Assigned[];
  readonly #bySymbol = new Map<ts.Symbol, Assigned[]>();
  readonly #toThis = new Map<string, Assigned[]>();

  constructor(analysis: Analysis) {
    this.all = [...analysis.uses.keys()].flatMap((file) =>
      descendants(file, isAssignment).map((node) => ({ node, left: node.left, right: node.right })),
    );
    for (const one of this.all) {
      if (ts.isPropertyAccessExpression(one.left) && one.left.expression.kind === ts.SyntaxKind.ThisKeyword)
        this.#toThis.set(one.left.name.text, [...(this.#toThis.get(one.left.name.text) ?? []), one]);
      for (const name of namesIn(one.left)) {
        const symbol = symbolOf(name);
        if (symbol !== undefined) this.#bySymbol.set(symbol, [...(this.#bySymbol.get(symbol) ?? []), one]);
      }
    }
  }

  /** What `this.name` is given in any class. */
  toThis(name: string): readonly Assigned[] {
    return this.#toThis.get(name) ?? [];
  }

  /** What a variable or parameter is given after its declaration. */
  to(name: ts.Node): readonly Assigned[] {
    const symbol = ts.isIdentifier(name) ? symbolOf(name) : undefined;
    return (symbol && this.#bySymbol.get(symbol)) ?? [];
  }
}

/** The variables that an assignment's left side names: `a`, `[a, b]`, `{ a, b: c }`. */
export function namesIn(left: ts.Expression): ts.Identifier[] {
  if (ts.isIdentifier(left)) return [left];
  if (ts.isArrayLiteralExpression(left)) return left.elements.flatMap(namesIn);
  if (!ts.isObjectLiteralExpression(left)) return [];
  return left.properties.flatMap((one) => {
    if (ts.isShorthandPropertyAssignment(one)) return [one.name];
    return ts.isPropertyAssignment(one) ? namesIn(one.initializer) : [];
  });
}
