import { ts } from 'ts-morph';
import type { Analysis } from '../../project/analysis.js';
import { requestOf } from '../../project/calls/handlers.js';
import { isFunctionNode, memberName, unwrap } from '../../project/source/nodes.js';

/** Says what is a request of Express, and what of it is read. */
export class Requests {
  readonly #clinicDb: readonly string[];
  readonly #known = new Map<ts.ParameterDeclaration, readonly ts.Node[]>();

  constructor(private readonly analysis: Analysis) {
    this.#clinicDb = analysis.project.app.clinicDb.split('.').slice(1);
  }

  /** True for the request itself, by whatever name, where every caller of the function passes its own. */
  is(expression: ts.Expression): boolean {
    return this.#impostors(expression)?.length === 0;
  }

  /** What is passed for a request that an expression reads clinicDb of, and is none. */
  impostorsBehind(expression: ts.Expression): readonly ts.Node[] {
    const node = unwrap(expression);
    return ts.isPropertyAccessExpression(node) ? (this.#impostors(node.expression) ?? []) : [];
  }

  /** None for a genuine request, undefined for what is not even called so. */
  #impostors(expression: ts.Expression): readonly ts.Node[] | undefined {
    const node = unwrap(expression);
    if (!ts.isIdentifier(node)) return undefined;
    const declaration = this.analysis.evaluator.declarationOf(node);
    if (declaration === undefined) return undefined;
    if (ts.isParameter(declaration)) return this.#passed(declaration);
    if (ts.isBindingElement(declaration))
      // express-validator hands on `(value, { req })`.
      return ts.isParameter(declaration.parent.parent) && declaration.name.getText() === 'req'
        ? []
        : undefined;
    const isConstant =
      ts.isVariableDeclaration(declaration) && (declaration.parent.flags & ts.NodeFlags.Const) !== 0;
    return isConstant && declaration.initializer !== undefined
      ? this.#impostors(declaration.initializer)
      : undefined;
  }

  #passed(parameter: ts.ParameterDeclaration): readonly ts.Node[] | undefined {
    const owner = parameter.parent;
    if (!isFunctionNode(owner)) return undefined;
    const access = requestOf(owner);
    const isIt =
      access?.kind === 'name'
        ? ts.isIdentifier(parameter.name) && parameter.name.text === access.name
        : access?.kind === 'pattern' && access.pattern === parameter.name;
    if (!isIt) return undefined;
    const known = this.#known.get(parameter);
    if (known !== undefined) return known;
    // A function that calls itself passes on the request that it was given.
    this.#known.set(parameter, []);
    const index = owner.parameters.indexOf(parameter);
    const found = (this.analysis.calls.get(owner)?.calls ?? []).flatMap((call) => {
      const argument = call.arguments[index];
      return argument === undefined ? [call] : (this.#impostors(argument) ?? [argument]);
    });
    this.#known.set(parameter, found);
    return found;
  }

  /** True for `req.clinicDb`, however the configuration spells it. */
  isClinicDb(expression: ts.Expression): boolean {
    return this.#reaches(expression, this.#clinicDb);
  }

  /** True for `clinicDb` of `const { clinicDb } = req` and of `({ clinicDb }, res) => …`. */
  isClinicDbElement(element: ts.BindingElement): boolean {
    if (element.initializer !== undefined || element.dotDotDotToken !== undefined) return false;
    const name = (element.propertyName ?? element.name).getText();
    if (name !== this.#clinicDb.at(-1)) return false;
    const holder = element.parent.parent;
    if (ts.isParameter(holder)) return this.#clinicDb.length === 1 && this.#passed(holder)?.length === 0;
    return (
      ts.isVariableDeclaration(holder) &&
      holder.initializer !== undefined &&
      this.#reaches(holder.initializer, this.#clinicDb.slice(0, -1))
    );
  }

  #reaches(expression: ts.Expression, path: readonly string[]): boolean {
    const node = unwrap(expression);
    const last = path.at(-1);
    if (last === undefined) return this.is(node);
    return (
      (ts.isPropertyAccessExpression(node) || ts.isElementAccessExpression(node)) &&
      memberName(node) === last &&
      this.#reaches(node.expression, path.slice(0, -1))
    );
  }
}
