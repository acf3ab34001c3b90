import { ts } from 'ts-morph';
import { ALL_MODELS } from '../models/loader.js';
import { isOfMigrated, type ModelRegistry } from '../models/registry.js';
import {
  assignedLater,
  assignment,
  exportsPath,
  isFunctionNode,
  isNamed,
  isStatic,
  memberName,
  requiredSpecifier,
  thisMember,
  unwrap,
  withoutFallback,
} from '../source/nodes.js';
import type { AppProject } from '../source/open-project.js';
import { requiredModule } from '../source/required-paths.js';
import { assignedTo, symbolOf } from '../source/symbols.js';
import type { FunctionNode, Value } from '../types.js';
import { baseOf, classMember, instanceMember, type Types, typedMember } from './class-members.js';
import { type Constructions, givenTo, identityOf, isSame, readConstructions } from './constructions.js';
import { CyclicCache, Recursion } from './cyclic.js';
import { instanceOf } from './declared-types.js';
import { readSettings, type Settings, settingName } from './express-settings.js';
import { boundThis, type HandedObjects, handedObject, readHandedObjects } from './handed-objects.js';
import { isNewConnection, madeLater } from './late-connections.js';
import { ModuleValues } from './module-values.js';
import { isOneOfPromised, isPromisedModel } from './promised-models.js';
import { returnedExpression, returnedExpressions } from './returned.js';

/** Says what an expression stands for by following bindings forward; it reads and never runs anything. */
export class Evaluator {
  readonly #values = new CyclicCache<ts.Node | ts.Symbol, Value>();
  readonly #members = new Recursion();
  readonly #look = (expression: ts.Expression): Value | undefined => this.valueOf(expression);
  readonly #types: Types = {
    look: this.#look,
    ofDeclaration: (declaration) => this.valueOfDeclaration(declaration),
    ofType: (type) => instanceOf(this.project, this.registry, type),
  };
  #constructions: Constructions | undefined;
  #settings: Settings | undefined;
  #handed: HandedObjects | undefined;

  readonly #modules: ModuleValues;

  constructor(
    readonly project: AppProject,
    readonly registry: ModelRegistry,
    /** What makes connections to other databases: see readConnections(). */
    private readonly others: { has(node: ts.Node): boolean } = new Set(),
  ) {
    this.#modules = new ModuleValues(project, registry, this);
  }

  /** The value of an expression; undefined where the source does not tell. */
  valueOf(expression: ts.Expression): Value | undefined {
    const node = unwrap(expression);
    // All references to one binding have one value, and there are many more of them than of anything else.
    const key = ts.isIdentifier(node) ? symbolOf(node) : node;
    return key === undefined ? this.#evaluate(node) : this.#values.get(key, () => this.#evaluate(node));
  }

  /** The one declaration an identifier refers to; undefined for globals and for names declared twice. */
  declarationOf(identifier: ts.Identifier): ts.Declaration | undefined {
    const declarations = (symbolOf(identifier)?.declarations ?? []).filter(
      (one) =>
        !ts.isPropertyAccessExpression(one) &&
        !ts.isBinaryExpression(one) &&
        !ts.isIdentifier(one) &&
        !ts.isInterfaceDeclaration(one) &&
        !(ts.isFunctionDeclaration(one) && one.body === undefined), // an overload's signature
    );
    return declarations.length === 1 ? declarations[0] : undefined;
  }

  /** The value that a declaration gives its name. */
  valueOfDeclaration(declaration: ts.Declaration): Value | undefined {
    if (ts.isVariableDeclaration(declaration)) {
      const loop = declaration.parent.parent;
      if (ts.isForOfStatement(loop)) return this.#oneOf(this.#choices(loop.expression));
      const given = this.#everGiven(declaration);
      const made = given === undefined ? madeLater(declaration) : undefined;
      return (
        given ?? (made && this.valueOf(made)) ?? instanceOf(this.project, this.registry, declaration.type)
      );
    }
    if (ts.isFunctionDeclaration(declaration) || ts.isFunctionExpression(declaration))
      return { kind: 'function', node: declaration };
    if (ts.isClassDeclaration(declaration) || ts.isClassExpression(declaration))
      return this.#classValue(declaration);
    if (ts.isBindingElement(declaration)) return this.#boundValue(declaration);
    if (ts.isImportClause(declaration)) return this.#modules.imported(declaration.parent, 'default');
    if (ts.isNamespaceImport(declaration))
      return this.#modules.imported(declaration.parent.parent, undefined);
    if (ts.isImportSpecifier(declaration))
      return this.#modules.imported(
        declaration.parent.parent.parent,
        (declaration.propertyName ?? declaration.name).text,
      );
    if (ts.isParameter(declaration) && ts.isIdentifier(declaration.name)) {
      const isGiven = declaration.name.text === 'clinicDb' || isPromisedModel(this.#look, declaration);
      return isGiven ? { kind: 'migrated' } : this.#givenTo(declaration);
    }
    return undefined;
  }

  /** What a variable is given where it is declared and after it; undefined where that is not one and the same value. */
  #everGiven(declaration: ts.VariableDeclaration): Value | undefined {
    const { initializer } = declaration;
    const later = assignedTo(declaration);
    if (later.length === 0) return initializer && this.valueOf(initializer);
    const given = [initializer, ...later].filter((one) => one !== undefined && !isNothing(one));
    const [first, ...others] = given.map((one) => one && this.valueOf(one));
    return first !== undefined && others.every((one) => one !== undefined && isSame(one, first))
      ? first
      : undefined;
  }

  /** What a parameter is by its type, by what every `new` gives to a constructor, or by the object that every call gives. */
  #givenTo(parameter: ts.ParameterDeclaration): Value | undefined {
    const typed = instanceOf(this.project, this.registry, parameter.type);
    if (typed !== undefined) return typed;
    if (!ts.isConstructorDeclaration(parameter.parent))
      return handedObject(this.#handedObjects(), this.#look, parameter);
    this.#constructions ??= readConstructions(this.project, this.#look);
    const given = givenTo(this.#constructions, this.#look, parameter);
    // A model, or an object that holds some, is nothing to follow into state: readUses() reports where it is kept.
    return given?.kind === 'instance' ? given : undefined;
  }

  /** What `value.name` is; undefined too where finding out leads back to the same question. */
  member(value: Value, name: string): Value | undefined {
    return this.#members.once(identityOf(value), name, () => this.#member(value, name));
  }

  #member(value: Value, name: string): Value | undefined {
    switch (value.kind) {
      case 'module':
        return this.#modules.exported(value.file, name);
      case 'object':
        return this.#property(value.node, name);
      case 'connection':
        return name === 'models' ? { kind: 'module', file: ALL_MODELS } : undefined;
      case 'package':
        return { ...value, member: name };
      case 'factory':
        return name === 'getModel' ? { kind: 'getModel' } : value;
      case 'class':
        if (name === 'prototype') return { kind: 'instance', node: value.node };
        return classMember(this.#look, value.node, name) ?? typedMember(this.#types, value.node, name, true);
      case 'instance':
        return (
          instanceMember(this.#look, value.node, name) ?? typedMember(this.#types, value.node, name, false)
        );
      default:
        return undefined;
    }
  }

  #evaluate(node: ts.Expression): Value | undefined {
    const model = this.registry.byNode.get(node);
    if (model !== undefined) return { kind: 'model', model };
    if (exportsPath(node)?.length === 0) return { kind: 'module', file: node.getSourceFile() };
    if (ts.isIdentifier(node)) {
      const declaration = this.declarationOf(node);
      return declaration === undefined ? undefined : this.valueOfDeclaration(declaration);
    }
    if (node.kind === ts.SyntaxKind.ThisKeyword) return this.#thisValue(node);
    if (node.kind === ts.SyntaxKind.SuperKeyword) return this.#superValue(node);
    if (isFunctionNode(node)) return { kind: 'function', node };
    if (ts.isClassExpression(node)) return this.#classValue(node);
    if (ts.isObjectLiteralExpression(node)) return { kind: 'object', node };
    const setting = settingName(node);
    const kept = setting === undefined ? undefined : this.#setting(setting);
    if (kept !== undefined) return kept;
    const specifier = requiredModule(node);
    if (specifier !== undefined) return this.#modules.moduleValue(node.getSourceFile(), specifier);
    const name = memberName(node);
    if (name !== undefined && (ts.isPropertyAccessExpression(node) || ts.isElementAccessExpression(node))) {
      if (node.expression.kind === ts.SyntaxKind.ThisKeyword) return this.#ofThis(node.expression, name);
      const object = this.valueOf(node.expression);
      return object === undefined ? undefined : this.member(object, name);
    }
    if (ts.isElementAccessExpression(node)) return this.#oneOf(this.#choices(node.expression));
    if (ts.isConditionalExpression(node)) return this.#oneOf([node.whenTrue, node.whenFalse]);
    if (ts.isNewExpression(node)) return this.#constructed(node);
    if (ts.isCallExpression(node)) return this.#called(node);
    const whole = withoutFallback(node);
    if (whole !== undefined) return this.valueOf(whole);
    const pair = assignment(node);
    return pair === undefined ? undefined : this.valueOf(pair.right);
  }

  /** What Express keeps under a name. */
  #setting(name: string): Value | undefined {
    this.#settings ??= readSettings(this.project, this.#look);
    return this.#settings.get(name);
  }

  /** What an object or a list that is written out holds; undefined for what is no plain member. */
  #choices(list: ts.Expression): readonly (ts.Expression | undefined)[] {
    const node = unwrap(list);
    if (ts.isArrayLiteralExpression(node)) return node.elements;
    const value = this.valueOf(node);
    if (value?.kind !== 'object') return [];
    return value.node.properties.map((one) => {
      if (ts.isPropertyAssignment(one)) return one.initializer;
      return ts.isShorthandPropertyAssignment(one) ? one.name : undefined;
    });
  }

  #constructed(node: ts.NewExpression): Value | undefined {
    const made = this.valueOf(node.expression);
    if (made?.kind === 'class') return { kind: 'instance', node: made.node };
    if (!isNewConnection(node)) return undefined;
    return this.others.has(node) ? { kind: 'other database' } : { kind: 'connection', made: node };
  }

  #called(node: ts.CallExpression): Value | undefined {
    const callee = this.valueOf(node.expression);
    if (callee?.kind === 'getModel') return { kind: 'migrated' };
    if (callee?.kind === 'model') return callee; // require('./Patient')(sequelize, DataTypes)
    if (callee?.kind === 'function') return this.#returned(callee.node);
    if (ts.isIdentifier(node.expression) && node.expression.text === 'getCentralConnection')
      return { kind: 'migrated' };
    if (!ts.isPropertyAccessExpression(node.expression)) return undefined;
    const receiver = this.valueOf(node.expression.expression);
    const [argument, ...more] = node.arguments;
    if (receiver?.kind === 'other database') return receiver; // a model of it, a transaction
    switch (node.expression.name.text) {
      case 'scope':
      case 'unscoped':
      case 'schema':
        return receiver?.kind === 'model' || receiver?.kind === 'migrated' ? { kind: 'migrated' } : undefined;
      case 'bind':
        return argument !== undefined && more.length === 0 && receiver?.kind === 'function'
          ? receiver
          : undefined;
      case 'model': {
        const isNamed = receiver?.kind === 'connection' && argument && ts.isStringLiteralLike(argument);
        const model = isNamed ? this.registry.named(argument.text) : undefined;
        return model && { kind: 'model', model };
      }
      default:
        return undefined;
    }
  }

  /** What a factory makes: an object, an instance, a class or a function of the application. */
  #returned(node: FunctionNode): Value | undefined {
    const result = returnedExpression(node);
    const value = result && this.valueOf(result);
    const isMade = value !== undefined && ['object', 'instance', 'class', 'function'].includes(value.kind);
    return isMade ? value : this.#oneOf(returnedExpressions(node));
  }

  /** One of several models, whichever: each is looked at where it is obtained. */
  #oneOf(choices: readonly (ts.Expression | undefined)[]): Value | undefined {
    const isModel = (one: ts.Expression | undefined): boolean =>
      /^(model|migrated)$/.test((one && this.valueOf(one)?.kind) ?? '');
    return choices.length > 0 && choices.every(isModel) ? { kind: 'migrated' } : undefined;
  }

  #classValue(node: ts.ClassLikeDeclaration): Value {
    const model = this.registry.byNode.get(node);
    return model === undefined ? { kind: 'class', node } : { kind: 'model', model };
  }

  #handedObjects(): HandedObjects {
    this.#handed ??= readHandedObjects(this.project);
    return this.#handed;
  }

  /** The calls of whatever has a name: `name(…)`, `any.name(…)`. */
  callsNamed(name: string): readonly ts.CallExpression[] {
    return this.#handedObjects().calls.get(name) ?? [];
  }

  /** What `this` is in a method that is bound to one other object wherever it is handed on; undefined in any other. */
  boundThis(method: ts.Node): Value | undefined {
    const [only, ...others] = boundThis(this.#handedObjects(), this.#look, method);
    return others.length === 0 ? only : undefined;
  }

  /** What `this.name` is, of whatever `this` may be there. */
  #ofThis(node: ts.Expression, name: string): Value | undefined {
    const at = thisMember(node);
    if (at === undefined) return undefined;
    const own = this.#ownThis(at);
    const found = [
      ...boundThis(this.#handedObjects(), this.#look, at),
      ...(own === undefined ? [] : [own]),
    ].flatMap((value) => this.member(value, name) ?? []);
    const [first, ...others] = found;
    return first !== undefined && others.every((one) => isSame(one, first)) ? first : undefined;
  }

  #thisValue(node: ts.Node): Value | undefined {
    const at = thisMember(node);
    return at && (this.boundThis(at) ?? this.#ownThis(at));
  }

  /** What `this` is in a method that nothing binds. */
  #ownThis(at: ts.Node): Value | undefined {
    if (ts.isClassLike(at.parent)) {
      const value = this.#classValue(at.parent);
      return value.kind === 'class' && !isStatic(at) ? { kind: 'instance', node: at.parent } : value;
    }
    return ts.isObjectLiteralExpression(at.parent) ? { kind: 'object', node: at.parent } : undefined;
  }

  #superValue(node: ts.Node): Value | undefined {
    const value = this.#thisValue(node);
    if (value?.kind !== 'class' && value?.kind !== 'instance') return undefined;
    const base = baseOf(this.#look, value.node);
    return base && { kind: value.kind, node: base };
  }

  #boundValue(element: ts.BindingElement): Value | undefined {
    const pattern = element.parent;
    const outer = pattern.parent;
    const from =
      ts.isVariableDeclaration(outer) && outer.initializer !== undefined
        ? this.valueOf(outer.initializer)
        : ts.isBindingElement(outer)
          ? this.#boundValue(outer)
          : undefined;
    if (ts.isArrayBindingPattern(pattern))
      return isOneOfPromised(this.#look, element) ? { kind: 'migrated' } : undefined;
    if (from === undefined || element.dotDotDotToken !== undefined) return from;
    const name = element.propertyName ?? element.name;
    // The same of `const { Patient } = require('../models/Patient')`.
    const isStale = from.kind === 'model' && ts.isVariableDeclaration(outer) && isRequire(outer);
    if (isStale && !isOfMigrated(name.getText())) return from;
    return ts.isIdentifier(name) || ts.isStringLiteralLike(name) ? this.member(from, name.text) : undefined;
  }

  #property(node: ts.ObjectLiteralExpression, name: string): Value | undefined {
    for (const member of node.properties) {
      if (member.name === undefined) {
        const spread = ts.isSpreadAssignment(member) ? this.valueOf(member.expression) : undefined;
        const found = spread && this.member(spread, name);
        if (found !== undefined) return found;
      } else if (isNamed(member.name, name)) {
        if (ts.isPropertyAssignment(member)) return this.valueOf(member.initializer);
        if (ts.isShorthandPropertyAssignment(member)) return this.valueOf(member.name);
        if (ts.isMethodDeclaration(member)) return { kind: 'function', node: member };
      }
    }
    const later = assignedLater(node, name);
    return later && this.valueOf(later);
  }
}

/** `undefined` and `null`, by which nothing is given yet. */
function isNothing(node: ts.Expression): boolean {
  return node.kind === ts.SyntaxKind.NullKeyword || (ts.isIdentifier(node) && node.text === 'undefined');
}

function isRequire({ initializer }: ts.VariableDeclaration): boolean {
  return initializer !== undefined && requiredSpecifier(unwrap(initializer)) !== undefined;
}
