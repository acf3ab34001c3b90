import { ts } from 'ts-morph';
import type { Analysis } from '../analysis.js';
import { attributesOf } from '../models/attributes.js';
import { FINDERS } from '../models/rows.js';
import { descendants, isFunctionNode, memberName, unwrap } from '../source/nodes.js';
import { assignedTo, symbolOf } from '../source/symbols.js';
import type { FunctionNode, Model } from '../types.js';
import { declaredType, objectType } from '../values/declared-types.js';
import { returnedExpressions } from '../values/returned.js';

/** The members of an object, each with the expression that it is given, where that is known. */
export type Shape = ReadonlyMap<string, ts.Expression | undefined>;

/** Every object that an expression may stand for, and where the trail of another one was lost. */
export interface Shapes {
  readonly known: readonly Shape[];
  readonly lost: readonly ts.Node[];
}

const NOTHING: Shapes = { known: [], lost: [] };
const lostAt = (node: ts.Node): Shapes => ({ known: [], lost: [node] });
const all = (parts: readonly Shapes[]): Shapes => ({
  known: parts.flatMap(({ known }) => known),
  lost: parts.flatMap(({ lost }) => lost),
});

/** Says which members objects have, through variables, calls, rows of models and the tokens that the application signs. */
export class ShapeReader {
  readonly #around = new Set<ts.Node>();

  constructor(private readonly analysis: Analysis) {}

  of(expression: ts.Expression): Shapes {
    const type = asserted(expression);
    if (type !== undefined) return this.#orTyped(this.#of(expression), type);
    return this.#of(expression);
  }

  /** Where the trail is lost, the type that the application declares is what it says of the object itself. */
  #orTyped(shapes: Shapes, type: ts.TypeNode | undefined): Shapes {
    const declared = objectType(declaredType(this.analysis.project, type));
    if (shapes.lost.length === 0 || declared === undefined) return shapes;
    const names = declared.members.flatMap(({ name }) =>
      name !== undefined && ts.isIdentifier(name) ? name.text : [],
    );
    return { known: [...shapes.known, new Map(names.map((name) => [name, undefined]))], lost: [] };
  }

  #of(expression: ts.Expression): Shapes {
    const node = unwrap(expression);
    if (this.#around.has(node)) return NOTHING;
    this.#around.add(node);
    try {
      return this.#read(node);
    } finally {
      this.#around.delete(node);
    }
  }

  #read(node: ts.Expression): Shapes {
    if (ts.isObjectLiteralExpression(node)) return this.#literal(node);
    if (ts.isIdentifier(node)) return node.text === 'undefined' ? NOTHING : this.#named(node);
    if (ts.isConditionalExpression(node)) return all([this.of(node.whenTrue), this.of(node.whenFalse)]);
    if (ts.isBinaryExpression(node)) return all([this.of(node.left), this.of(node.right)]);
    if (EMPTY.has(node.kind)) return NOTHING;
    if (ts.isPropertyAccessExpression(node) || ts.isElementAccessExpression(node)) {
      const name = memberName(node);
      if (name === 'dataValues') return this.of(node.expression);
      return name === undefined ? lostAt(node) : this.member(this.of(node.expression), name, node);
    }
    return ts.isCallExpression(node) ? this.#called(node) : lostAt(node);
  }

  /** What a member of one of these objects stands for. */
  member({ known, lost }: Shapes, name: string, node: ts.Node): Shapes {
    const given = known.filter((shape) => shape.has(name)).map((shape) => shape.get(name));
    return all([
      { known: [], lost },
      ...given.map((one) => (one === undefined ? lostAt(node) : this.of(one))),
    ]);
  }

  #literal(node: ts.ObjectLiteralExpression): Shapes {
    let shapes: Shape[] = [new Map()];
    const lost: ts.Node[] = [];
    for (const member of node.properties) {
      if (ts.isSpreadAssignment(member)) {
        const more = this.of(member.expression);
        lost.push(...more.lost);
        if (more.known.length > 0)
          shapes = shapes.flatMap((shape) => more.known.map((one) => new Map([...shape, ...one])));
      } else if (ts.isComputedPropertyName(member.name)) lost.push(member);
      else {
        const value = ts.isPropertyAssignment(member)
          ? member.initializer
          : ts.isShorthandPropertyAssignment(member)
            ? member.name
            : undefined;
        const { text } = member.name;
        shapes = shapes.map((shape) => new Map([...shape, [text, value]]));
      }
    }
    return { known: shapes, lost };
  }

  #named(node: ts.Identifier): Shapes {
    const declaration = this.analysis.evaluator.declarationOf(node);
    if (declaration === undefined) return lostAt(node);
    const later = givenMembers(node);
    const { known, lost } = this.#declared(declaration, node);
    return { known: known.map((shape) => new Map([...shape, ...later])), lost };
  }

  #declared(declaration: ts.Declaration, node: ts.Identifier): Shapes {
    if (ts.isBindingElement(declaration)) {
      const { parent: pattern, propertyName, name } = declaration;
      if (!ts.isObjectBindingPattern(pattern)) return lostAt(node);
      const whole = this.#declared(pattern.parent, node);
      if (declaration.dotDotDotToken !== undefined) return whole;
      return this.member(whole, (propertyName ?? name).getText(), node);
    }
    if (ts.isVariableDeclaration(declaration)) {
      const given = [declaration.initializer, ...assignedTo(declaration)].filter((one) => one !== undefined);
      const shapes = given.length === 0 ? lostAt(node) : all(given.map((one) => this.of(one)));
      return this.#orTyped(shapes, declaration.type);
    }
    if (!ts.isParameter(declaration) || !isFunctionNode(declaration.parent)) return lostAt(node);
    return this.#parameter(declaration.parent, declaration.parent.parameters.indexOf(declaration), node);
  }

  #parameter(owner: FunctionNode, index: number, node: ts.Identifier): Shapes {
    const { parent } = owner;
    if (ts.isCallExpression(parent) && parent.expression !== owner) {
      if (isVerifying(parent) && index === 1) return this.#token(node);
      const isThen = memberName(parent.expression) === 'then' && parent.arguments[0] === owner && index === 0;
      return isThen && ts.isPropertyAccessExpression(parent.expression)
        ? this.of(parent.expression.expression)
        : lostAt(node);
    }
    // `new JwtStrategy(options, (payload, done) => …)` of passport
    if (ts.isNewExpression(parent) && /Jwt|Bearer/i.test(parent.expression.getText()) && index === 0)
      return this.#token(node);
    const callers = this.analysis.calls.get(owner);
    if (callers === undefined || callers.calls.length === 0 || callers.escapes.length > 0)
      return lostAt(node);
    return all(
      callers.calls.map((call) => {
        const given = call.arguments[index];
        return given === undefined ? NOTHING : this.of(given);
      }),
    );
  }

  #called(node: ts.CallExpression): Shapes {
    const method = memberName(node.expression);
    const receiver = ts.isPropertyAccessExpression(node.expression) ? node.expression.expression : undefined;
    const [first, second] = node.arguments;
    const text = node.expression.getText();
    if (text === 'Object.assign') return this.#merged(node.arguments);
    if (text === 'JSON.parse' && first !== undefined) return this.of(first);
    if (text === 'JSON.stringify' && first !== undefined) return this.of(first);
    if (/^(_|lodash)\.(omit|cloneDeep|clone)$/.test(text) && first !== undefined) return this.of(first);
    if (/^(_|lodash)\.pick$/.test(text) && first !== undefined) return this.#picked(first, second, node);
    const callee = this.analysis.evaluator.valueOf(node.expression);
    if (callee?.kind === 'function') return this.#returned(callee.node, node);
    if (isVerifying(node)) return this.#token(node);
    if (receiver !== undefined && (method === 'toJSON' || (method === 'get' && !isText(first))))
      return this.of(receiver);
    if (receiver !== undefined && method === 'then') return this.#afterwards(first, node);
    if (receiver !== undefined && (method === 'catch' || method === 'finally')) return this.of(receiver);
    const model = receiver && FINDERS.test(method ?? '') ? this.#model(receiver) : undefined;
    if (model !== undefined) return this.#row(model, method === 'findByPk' ? second : first, node);
    return lostAt(node);
  }

  /** What a promise becomes by `then(f)`. */
  #afterwards(callback: ts.Expression | undefined, node: ts.Node): Shapes {
    const value = callback && this.analysis.evaluator.valueOf(callback);
    return value?.kind === 'function' ? this.#returned(value.node, node) : lostAt(node);
  }

  #returned(called: FunctionNode, node: ts.Node): Shapes {
    const results = returnedExpressions(called);
    return results.length === 0 ? lostAt(node) : all(results.map((one) => this.of(one)));
  }

  #merged(parts: readonly ts.Expression[]): Shapes {
    const read = parts.map((one) => this.of(one));
    const whole = read.reduce<Shape[]>(
      (shapes, { known }) =>
        known.length === 0 ? shapes : shapes.flatMap((a) => known.map((b) => new Map([...a, ...b]))),
      [new Map()],
    );
    return { known: whole, lost: read.flatMap(({ lost }) => lost) };
  }

  #picked(from: ts.Expression, names: ts.Expression | undefined, node: ts.Node): Shapes {
    if (names === undefined || !ts.isArrayLiteralExpression(names)) return lostAt(node);
    const wanted = names.elements.flatMap((one) => (ts.isStringLiteralLike(one) ? [one.text] : []));
    const { known, lost } = this.of(from);
    return {
      known: known.map((shape) => new Map([...shape].filter(([name]) => wanted.includes(name)))),
      lost,
    };
  }

  /** The model that an expression stands for, migrated or not. */
  #model(expression: ts.Expression): Model | undefined {
    const { evaluator, registry } = this.analysis;
    const node = unwrap(expression);
    const value = evaluator.valueOf(node);
    if (value?.kind === 'model') return value.model;
    if (ts.isCallExpression(node)) {
      const method = memberName(node.expression);
      const [, name] = node.arguments;
      if (evaluator.valueOf(node.expression)?.kind === 'getModel' && name && ts.isStringLiteralLike(name))
        return registry.named(name.text);
      const isScope = /^(scope|unscoped|schema)$/.test(method ?? '');
      return isScope && ts.isPropertyAccessExpression(node.expression)
        ? this.#model(node.expression.expression)
        : undefined;
    }
    const declaration = ts.isIdentifier(node) ? evaluator.declarationOf(node) : undefined;
    const given = declaration && givenModel(declaration);
    return given && this.#model(given);
  }

  /** A row has its model's attributes, or those that the query names; what it includes comes with it. */
  #row(model: Model, options: ts.Expression | undefined, node: ts.Node): Shapes {
    const attributes = attributesOf(this.analysis, model);
    if (attributes === undefined) return lostAt(node);
    const given = options && unwrap(options);
    const isSeen = given === undefined || ts.isObjectLiteralExpression(given) || ts.isIdentifier(given);
    const isRaw = given !== undefined && /\b(include|attributes|raw|\.\.\.)/.test(given.getText());
    // What is included, renamed or computed by the query is not read here.
    const lost = isSeen && !isRaw ? [] : [node];
    return { known: [new Map([...attributes].map((name) => [name, undefined]))], lost };
  }

  /** What the application signs is what it reads again. */
  #token(node: ts.Node): Shapes {
    const signed = [...this.analysis.uses.keys()].flatMap((file) =>
      /sign/i.test(file.text)
        ? descendants(file, isSigning).flatMap(({ arguments: [first] = [] }) => first ?? [])
        : [],
    );
    const { known, lost } = all(signed.filter((one) => !isText(one)).map((one) => this.of(one)));
    return known.length + lost.length === 0 ? lostAt(node) : { known, lost };
  }
}

/** Where a name gets its model from: `x = …`, `….then((x) => …)`, `[x] = await Promise.all([…])`. */
function givenModel(declaration: ts.Declaration): ts.Expression | undefined {
  if (ts.isVariableDeclaration(declaration)) return declaration.initializer;
  if (ts.isParameter(declaration) && ts.isCallExpression(declaration.parent.parent)) {
    const call = declaration.parent.parent.expression;
    return memberName(call) === 'then' && ts.isPropertyAccessExpression(call) ? call.expression : undefined;
  }
  const holder = ts.isBindingElement(declaration) ? declaration.parent.parent : undefined;
  if (holder === undefined || !ts.isVariableDeclaration(holder) || holder.initializer === undefined)
    return undefined;
  const promise = unwrap(holder.initializer);
  const [list] = ts.isCallExpression(promise) ? promise.arguments : [];
  return list !== undefined && ts.isArrayLiteralExpression(list)
    ? list.elements[
        (declaration.parent as ts.ArrayBindingPattern).elements.indexOf(declaration as ts.BindingElement)
      ]
    : undefined;
}

const EMPTY = new Set([
  ts.SyntaxKind.NullKeyword,
  ts.SyntaxKind.FalseKeyword,
  ts.SyntaxKind.StringLiteral,
  ts.SyntaxKind.NumericLiteral,
]);

/** T of `x as T`, in parentheses or awaited. */
function asserted(expression: ts.Expression): ts.TypeNode | undefined {
  if (ts.isAsExpression(expression)) return expression.type;
  const isWrapped =
    ts.isParenthesizedExpression(expression) ||
    ts.isAwaitExpression(expression) ||
    ts.isNonNullExpression(expression);
  return isWrapped ? asserted(expression.expression) : undefined;
}

function isText(node: ts.Expression | undefined): boolean {
  return node !== undefined && (ts.isStringLiteralLike(node) || ts.isTemplateExpression(node));
}

/** `user.clinicId = …` after the declaration of user. */
function givenMembers(node: ts.Identifier): [string, ts.Expression | undefined][] {
  const symbol = symbolOf(node);
  return descendants(node.getSourceFile(), ts.isPropertyAccessExpression).flatMap((one) => {
    const { parent, expression } = one;
    const owner =
      memberName(expression) === 'dataValues' ? (expression as typeof one).expression : expression;
    if (!ts.isIdentifier(owner) || owner.text !== node.text || symbolOf(owner) !== symbol) return [];
    if (ts.isBinaryExpression(parent) && parent.left === one) return [[one.name.text, parent.right] as const];
    const isSetter = one.name.text === 'setDataValue' && ts.isCallExpression(parent);
    const [name, value] = isSetter ? parent.arguments : [];
    return name !== undefined && ts.isStringLiteralLike(name) ? [[name.text, value] as const] : [];
  }) as [string, ts.Expression | undefined][];
}

const TOKENS = /jwt|jsonwebtoken|jose|token/i;

/** `jwt.verify(token, key)`, `promisify(jwt.verify)(token, key)`, `jwtVerify(token, key)`. */
function isVerifying(node: ts.CallExpression): boolean {
  const callee = unwrap(node.expression);
  if (ts.isCallExpression(callee)) return callee.arguments.some((one) => isVerifier(one));
  return isVerifier(callee);
}

function isVerifier(node: ts.Expression): boolean {
  if (ts.isIdentifier(node)) return /^(verify|decode|jwtVerify|jwtDecode|verifyAsync)$/.test(node.text);
  return (
    ts.isPropertyAccessExpression(node) &&
    /^(verify|decode|verifyAsync)$/.test(node.name.text) &&
    TOKENS.test(node.expression.getText())
  );
}

type Signing = ts.CallExpression | ts.NewExpression;

/** `jwt.sign(payload, key)`, `sign(payload, key)`, `new SignJWT(payload)`. */
function isSigning(node: ts.Node): node is Signing {
  if (ts.isNewExpression(node)) return /SignJWT$/.test(node.expression.getText());
  if (!ts.isCallExpression(node)) return false;
  const callee = unwrap(node.expression);
  if (ts.isIdentifier(callee)) return /^(sign|signAsync|jwtSign)$/.test(callee.text);
  return (
    ts.isPropertyAccessExpression(callee) &&
    /^(sign|signAsync)$/.test(callee.name.text) &&
    TOKENS.test(callee.expression.getText())
  );
}
