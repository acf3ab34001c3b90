import { ts } from 'ts-morph';
import type { Analysis } from '../../project/analysis.js';
import { enclosingFunctions, isFunctionNode, memberName, unwrap } from '../../project/nodes.js';
import { requestOf } from '../../project/owners.js';
import type { FunctionNode, Home } from '../../project/types.js';

/** What a connection expression is: its own request's clinic's, the central one, or nobody can tell. */
export type Source = Home | 'unknown';

/** Follows connections back to the request, or to getCentralConnection(). */
export class ConnectionSources {
  // A function that calls itself passes on what it was given.
  readonly #open = new Set<ts.Node>();

  constructor(private readonly analysis: Analysis) {}

  of(expression: ts.Expression): Source {
    const node = unwrap(expression);
    if (this.#isRequestClinicDb(node)) return 'clinic';
    if (ts.isCallExpression(node))
      return nameOf(node.expression) === 'getCentralConnection' ? 'central' : 'unknown';
    if (!ts.isIdentifier(node)) return 'unknown';
    const declaration = this.analysis.evaluator.declarationOf(node);
    if (declaration === undefined) return 'unknown';
    if (ts.isVariableDeclaration(declaration)) {
      const isConstant = (declaration.parent.flags & ts.NodeFlags.Const) !== 0;
      // At module scope a connection would outlive its request.
      const isInside = enclosingFunctions(declaration).length > 0;
      return isConstant && isInside && declaration.initializer !== undefined
        ? this.of(declaration.initializer)
        : 'unknown';
    }
    if (ts.isBindingElement(declaration)) return this.#destructured(declaration);
    return ts.isParameter(declaration) ? this.ofParameter(declaration) : 'unknown';
  }

  /** What every caller passes for a parameter: one kind, or unknown. */
  ofParameter(parameter: ts.ParameterDeclaration): Source {
    const owner = parameter.parent;
    if (!isFunctionNode(owner)) return 'unknown';
    if (this.#open.has(parameter)) return 'clinic';
    const callers = this.analysis.calls.get(owner);
    if (callers === undefined || callers.calls.length === 0)
      return isNamedFor(parameter) ? 'clinic' : 'unknown';
    this.#open.add(parameter);
    const index = owner.parameters.indexOf(parameter);
    const sources = new Set(
      callers.calls.map(({ arguments: given }) => {
        const argument = given[index];
        return argument === undefined ? 'unknown' : this.of(argument);
      }),
    );
    this.#open.delete(parameter);
    const [first = 'unknown'] = sources;
    return sources.size === 1 ? first : 'unknown';
  }

  /** `req.clinicDb`, by the name that the request has in a function around. */
  #isRequestClinicDb(node: ts.Expression): boolean {
    if (!ts.isPropertyAccessExpression(node)) return false;
    const text = node.getText().replaceAll('?.', '.');
    return this.#requestNames(node).some(
      (name) => text === this.analysis.project.app.clinicDb.replace(/^req\b/, name),
    );
  }

  #requestNames(node: ts.Node): string[] {
    return enclosingFunctions(node).flatMap((one) => {
      const request = requestOf(one);
      return request?.kind === 'name' ? [request.name] : [];
    });
  }

  /** `({ clinicDb }, res) => …` and `const { clinicDb } = req`. */
  #destructured(element: ts.BindingElement): Source {
    const name = (element.propertyName ?? element.name).getText();
    const [, wanted] = this.analysis.project.app.clinicDb.split('.');
    if (name !== wanted || element.initializer !== undefined) return 'unknown';
    const holder = element.parent.parent;
    if (ts.isParameter(holder))
      return isFunctionNode(holder.parent) && requestOf(holder.parent)?.kind === 'pattern'
        ? 'clinic'
        : 'unknown';
    if (!ts.isVariableDeclaration(holder) || holder.initializer === undefined) return 'unknown';
    return this.#requestNames(holder).includes(holder.initializer.getText()) ? 'clinic' : 'unknown';
  }
}

/** Nothing is seen to call it, so nothing passes it another clinic's. */
function isNamedFor({ name }: ts.ParameterDeclaration): boolean {
  return ts.isIdentifier(name) && name.text === 'clinicDb';
}

function nameOf(node: ts.Expression): string | undefined {
  return ts.isIdentifier(node) ? node.text : memberName(node);
}

/** The parameters of a function that are named for a clinic's connection. */
export function clinicDbParameters(owner: FunctionNode): ts.ParameterDeclaration[] {
  return owner.parameters.filter(isNamedFor);
}
