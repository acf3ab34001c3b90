import { ts } from 'ts-morph';
import type { Analysis } from '../../project/analysis.js';
import { isMigratedModel } from '../../project/models/registry.js';
import {
  descendants,
  enclosingFunctions,
  isFunctionNode,
  isInside,
  memberName,
  unwrap,
} from '../../project/source/nodes.js';
import { type Database, databasesOf, type FunctionNode } from '../../project/types.js';
import { baseOf } from '../../project/values/class-members.js';
import { runtimeName } from '../../project/values/runtime-names.js';
import { type Assigned, Assignments } from './assigned.js';
import { Requests } from './requests.js';

/** Where a connection comes from in the end. */
export interface Origin {
  /** Its own request's clinic's, the central one, or one that nobody can tell. */
  readonly home: Database | 'unknown';
  /** The expression that says so: for an unknown one, the place to mend. */
  readonly node: ts.Node;
  /** The call that passes no connection where one is needed. */
  readonly isMissing?: boolean;
}

type Given = { readonly node: ts.Node; readonly arguments: readonly ts.Expression[] };

/** Follows connections back over variables, parameters and constructors to the request or to getCentralConnection(). */
export class ConnectionSources {
  readonly requests: Requests;
  readonly assignments: Assignments;
  readonly #known = new Map<ts.Node, readonly Origin[]>();
  #constructed: ReadonlyMap<ts.Node, readonly Given[]> | undefined;

  constructor(private readonly analysis: Analysis) {
    this.requests = new Requests(analysis);
    this.assignments = new Assignments(analysis);
  }

  /** Every origin that an expression may have; never none. */
  of(expression: ts.Expression): readonly Origin[] {
    return this.#settle(expression, (seen) => this.#follow(expression, seen));
  }

  /** What every caller passes for a parameter. */
  ofParameter(parameter: ts.ParameterDeclaration): readonly Origin[] {
    return this.#settle(parameter, (seen) => this.#passed(parameter, seen));
  }

  #settle(node: ts.Node, follow: (seen: Set<ts.Node>) => Origin[]): readonly Origin[] {
    const known = this.#known.get(node);
    if (known !== undefined) return known;
    const found = follow(new Set());
    const origins: readonly Origin[] = found.length > 0 ? found : [{ home: 'unknown', node }];
    this.#known.set(node, origins);
    return origins;
  }

  #follow(expression: ts.Expression, seen: Set<ts.Node>): Origin[] {
    const node = unwrap(expression);
    if (seen.has(node)) return [];
    seen.add(node);
    const each = (...all: ts.Expression[]) => all.flatMap((one) => this.#follow(one, seen));
    if (this.requests.isClinicDb(node)) return [{ home: 'clinic', node }];
    if (ts.isConditionalExpression(node)) return each(node.whenTrue, node.whenFalse);
    if (ts.isBinaryExpression(node) && /^(\|\||\?\?|&&)$/.test(node.operatorToken.getText()))
      return node.operatorToken.kind === ts.SyntaxKind.AmpersandAmpersandToken
        ? each(node.right)
        : each(node.left, node.right);
    if (this.isLease(node)) return [{ home: 'clinic', node }];
    if (ts.isCallExpression(node)) return this.#called(node, seen);
    if (ts.isPropertyAccessExpression(node) || ts.isElementAccessExpression(node))
      return this.#property(node, seen);
    const declaration = ts.isIdentifier(node) ? this.analysis.evaluator.declarationOf(node) : undefined;
    return declaration === undefined ? [{ home: 'unknown', node }] : this.#declared(declaration, node, seen);
  }

  #declared(declaration: ts.Declaration, at: ts.Node, seen: Set<ts.Node>): Origin[] {
    const unknown: Origin[] = [{ home: 'unknown', node: at }];
    if (ts.isParameter(declaration)) return this.#passed(declaration, seen);
    if (ts.isBindingElement(declaration)) {
      if (this.requests.isClinicDbElement(declaration)) return [{ home: 'clinic', node: at }];
      const holder = declaration.parent.parent;
      const name = (declaration.propertyName ?? declaration.name).getText();
      if (ts.isParameter(holder) && declaration.dotDotDotToken === undefined)
        return this.#passed(holder, seen, name, declaration.initializer);
      const isLeased =
        ts.isVariableDeclaration(holder) &&
        holder.initializer !== undefined &&
        this.isLease(holder.initializer);
      return isLeased && name === 'clinicDb' ? [{ home: 'clinic', node: at }] : unknown;
    }
    if (!ts.isVariableDeclaration(declaration)) return unknown;
    const later = this.assignments.to(declaration.name);
    const given = [
      ...(declaration.initializer === undefined ? [] : [declaration.initializer]),
      ...later.filter(({ left }) => ts.isIdentifier(left)).map(({ right }) => right),
    ];
    const found = given.flatMap((one) => this.#follow(one, seen));
    const isPattern = later.some(({ left }) => !ts.isIdentifier(left));
    // At module scope a clinic's connection would outlive its request.
    const isShared =
      enclosingFunctions(declaration).length === 0 && found.some(({ home }) => home !== 'central');
    return given.length === 0 || isPattern || isShared ? unknown : found;
  }

  /** What callers pass for a parameter, or as a property of it. */
  #passed(
    parameter: ts.ParameterDeclaration,
    seen: Set<ts.Node>,
    property?: string,
    otherwise?: ts.Expression,
  ): Origin[] {
    const owner = parameter.parent;
    if (!isFunctionNode(owner) || (property === undefined && seen.has(parameter))) return [];
    if (property === undefined) seen.add(parameter);
    const model = this.#modelHome(owner);
    if (model !== undefined) return [{ home: model, node: parameter }];
    const fallback = otherwise ?? (property === undefined ? parameter.initializer : undefined);
    const own = [
      ...(fallback === undefined ? [] : this.#follow(fallback, seen)),
      ...this.assignments.to(parameter.name).flatMap(({ right }) => this.#follow(right, seen)),
    ];
    const callers = this.#callers(owner);
    const index = owner.parameters.indexOf(parameter);
    const passed = callers.flatMap(({ node, arguments: given }) => {
      const argument = given[index];
      const value = property === undefined ? argument : argument && propertyOf(argument, property);
      if (value !== undefined) return this.#follow(value, seen);
      if (argument !== undefined) return [{ home: 'unknown' as const, node: argument }];
      return fallback === undefined ? [{ home: 'unknown' as const, node, isMissing: true }] : [];
    });
    // Nothing is seen to call it, so nothing passes it another clinic's; but a callback is called by who takes it.
    const name = property ?? parameter.name.getText();
    const isUncalled = callers.length === 0 && own.length === 0;
    if (isUncalled && name === 'clinicDb' && !isCallback(owner)) return [{ home: 'clinic', node: parameter }];
    return isUncalled ? [{ home: 'unknown', node: parameter }] : [...own, ...passed];
  }

  #callers(owner: FunctionNode): readonly Given[] {
    if (!ts.isConstructorDeclaration(owner))
      return (this.analysis.calls.get(owner)?.calls ?? []).map((node) => ({
        node,
        arguments: node.arguments,
      }));
    this.#constructed ??= this.#readConstructed();
    return this.#constructed.get(owner) ?? [];
  }

  /** Every `new X(…)` and `super(…)`, by the constructor that they run. */
  #readConstructed(): ReadonlyMap<ts.Node, readonly Given[]> {
    const look = (expression: ts.Expression) => this.analysis.evaluator.valueOf(expression);
    const makerOf = (start: ts.ClassLikeDeclaration | undefined): ts.Node | undefined => {
      for (let at = start; at !== undefined; at = baseOf(look, at)) {
        const maker = at.members.find(ts.isConstructorDeclaration);
        if (maker !== undefined) return maker;
      }
      return undefined;
    };
    const found = new Map<ts.Node, Given[]>();
    const isMaking = (node: ts.Node): node is ts.NewExpression | ts.CallExpression =>
      ts.isNewExpression(node) ||
      (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.SuperKeyword);
    for (const file of this.analysis.uses.keys()) {
      for (const node of descendants(file, isMaking)) {
        const value = ts.isNewExpression(node) ? look(node) : undefined;
        const inner = ts.isNewExpression(node) ? undefined : enclosingFunctions(node).at(0)?.parent;
        const base = inner !== undefined && ts.isClassLike(inner) ? baseOf(look, inner) : undefined;
        const maker = makerOf(value?.kind === 'instance' ? value.node : base);
        if (maker !== undefined)
          found.set(maker, [...(found.get(maker) ?? []), { node, arguments: node.arguments ?? [] }]);
      }
    }
    return found;
  }

  #called(node: ts.CallExpression, seen: Set<ts.Node>): Origin[] {
    const name = runtimeName(this.analysis.evaluator, node.expression);
    if (name?.file === 'connectionManager' && name.name === 'getCentralConnection')
      return [{ home: 'central', node }];
    const callee = this.analysis.evaluator.valueOf(node.expression);
    const results = callee?.kind === 'function' ? returned(callee.node) : [];
    return results.length === 0
      ? [{ home: 'unknown', node }]
      : results.flatMap((one) => this.#follow(one, seen));
  }

  #property(node: ts.PropertyAccessExpression | ts.ElementAccessExpression, seen: Set<ts.Node>): Origin[] {
    const name = memberName(node);
    const impostors = this.requests.impostorsBehind(node);
    const unknown = (impostors.length > 0 ? impostors : [node]).map(
      (one): Origin => ({ home: 'unknown', node: one }),
    );
    if (name === 'clinicDb' && this.isLease(node.expression)) return [{ home: 'clinic', node }];
    if (name === 'sequelize') {
      const home = this.#homeOfFile(node.getSourceFile());
      if (home !== undefined) return [{ home, node }];
      const connections = this.#connectionsOf(node.expression);
      if (connections.length > 0) return connections.flatMap((one) => this.#follow(one, seen));
    }
    const owner =
      node.expression.kind === ts.SyntaxKind.ThisKeyword
        ? this.analysis.evaluator.valueOf(node.expression)
        : undefined;
    if (owner?.kind !== 'instance') return unknown;
    const look = (expression: ts.Expression) => this.analysis.evaluator.valueOf(expression);
    const all: Assigned[] = [];
    for (let at: ts.ClassLikeDeclaration | undefined = owner.node; at !== undefined; at = baseOf(look, at)) {
      const node = at;
      all.push(...this.assignments.toThis(name ?? '').filter(({ left }) => isInside(left, node)));
    }
    return all.length === 0 ? unknown : all.flatMap(({ right }) => this.#follow(right, seen));
  }

  /** What a model, or one of several, was asked for on: `clinicDb` of `const Patient = await getModel(clinicDb, …)`. */
  #connectionsOf(expression: ts.Expression): ts.Expression[] {
    const { evaluator } = this.analysis;
    const model = unwrap(expression);
    const declaration = ts.isIdentifier(model) ? evaluator.declarationOf(model) : undefined;
    const holder = declaration && ts.isBindingElement(declaration) ? declaration.parent.parent : declaration;
    const given = holder && ts.isVariableDeclaration(holder) ? holder.initializer : undefined;
    if (given === undefined || evaluator.valueOf(model)?.kind !== 'migrated') return [];
    return descendants(given, ts.isCallExpression).flatMap((call) =>
      evaluator.valueOf(call.expression)?.kind === 'getModel' ? call.arguments.slice(0, 1) : [],
    );
  }

  /** True for what getClinicConnection() gives: whom it is asked for is judged at that call. */
  isLease(expression: ts.Expression): boolean {
    const node = unwrap(expression);
    if (ts.isCallExpression(node)) {
      const name = runtimeName(this.analysis.evaluator, node.expression);
      return name?.file === 'connectionManager' && name.name === 'getClinicConnection';
    }
    const declaration = ts.isIdentifier(node) ? this.analysis.evaluator.declarationOf(node) : undefined;
    return (
      declaration !== undefined &&
      ts.isVariableDeclaration(declaration) &&
      (declaration.parent.flags & ts.NodeFlags.Const) !== 0 &&
      declaration.initializer !== undefined &&
      this.isLease(declaration.initializer)
    );
  }

  /** `define: (sequelize) => …` and `associate: (clinicDb) => …` of a model get the connection that has its table. */
  #modelHome(owner: FunctionNode): Database | undefined {
    const name = ts.isMethodDeclaration(owner)
      ? owner.name.getText()
      : ts.isPropertyAssignment(owner.parent)
        ? owner.parent.name.getText()
        : undefined;
    const isOurs = name === 'define' || name === 'associate';
    return isOurs ? this.#homeOfFile(owner.getSourceFile()) : undefined;
  }

  #homeOfFile(file: ts.SourceFile): Database | undefined {
    const [model] = this.analysis.registry.inFile.get(file) ?? [];
    return model !== undefined && isMigratedModel(file) ? (databasesOf(model)[0] ?? 'clinic') : undefined;
  }
}

/** `f` in `x.map(f)`, written there: x decides what it is called with. */
function isCallback(owner: FunctionNode): boolean {
  return ts.isCallExpression(owner.parent) && owner.parent.expression !== owner;
}

/** The value that an object literal gives a property. */
function propertyOf(argument: ts.Expression, name: string): ts.Expression | undefined {
  const node = unwrap(argument);
  if (!ts.isObjectLiteralExpression(node)) return undefined;
  for (const one of node.properties) {
    if (one.name?.getText() !== name) continue;
    if (ts.isPropertyAssignment(one)) return one.initializer;
    if (ts.isShorthandPropertyAssignment(one)) return one.name;
  }
  return undefined;
}

function returned(owner: FunctionNode): ts.Expression[] {
  if (ts.isArrowFunction(owner) && !ts.isBlock(owner.body)) return [owner.body];
  return descendants(owner, ts.isReturnStatement).flatMap(({ expression }) =>
    expression !== undefined && enclosingFunctions(expression)[0] === owner ? [expression] : [],
  );
}
