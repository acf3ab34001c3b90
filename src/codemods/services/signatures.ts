import { ts } from 'ts-morph';
import type { Analysis } from '../../project/analysis.js';
import { descendants, isFunctionNode, isReference, walk } from '../../project/source/nodes.js';
import type { FunctionNode } from '../../project/types.js';
import {
  declaredType,
  interfacesOf,
  type ObjectType,
  objectType,
  typedAs,
} from '../../project/values/declared-types.js';
import type { Draft, Drafts } from '../planning/draft.js';
import { addParameter, CLINIC_DB, takesClinicDb } from './clinic-db.js';

/** The application's own types that declare a function's parameters: its class's interfaces, its object's type. */
export function declaringTypes({ project }: Analysis, owner: FunctionNode): ObjectType[] {
  const member = memberOf(owner);
  const holder = member?.parent;
  const name = member?.name?.getText();
  if (holder === undefined || name === undefined) return [];
  const types = ts.isClassLike(holder)
    ? interfacesOf(project, holder)
    : ts.isObjectLiteralExpression(holder)
      ? [objectType(declaredType(project, typedAs(holder)))]
      : [];
  return types.flatMap((type) =>
    type?.members.some((one) => one.name?.getText() === name) === true ? [type] : [],
  );
}

/** The member of a class or an object that a function is. */
function memberOf(owner: FunctionNode): ts.ClassElement | ts.ObjectLiteralElement | undefined {
  const at = ts.isMethodDeclaration(owner) ? owner : owner.parent;
  return ts.isClassElement(at) || ts.isObjectLiteralElement(at) ? at : undefined;
}

/**
 * Makes `clinicDb` a function's first parameter, in its overloads and in the types that declare it too. A function
 * that cannot simply take one parameter more is a problem.
 */
export function giveClinicDb(drafts: Drafts, owner: FunctionNode): void {
  const draft = drafts.of(owner.getSourceFile());
  reportObstacles(drafts.analysis, draft, owner);
  draft.threaded.add(owner);
  addParameter(draft, owner);
  for (const overload of overloadsOf(owner)) addParameter(draft, overload);
  for (const type of declaringTypes(drafts.analysis, owner)) {
    const declaring = drafts.of(type.getSourceFile());
    drafts.link(draft.file, declaring.file);
    const name = memberOf(owner)?.name?.getText();
    for (const member of type.members.filter((one) => one.name?.getText() === name)) {
      const signature = ts.isPropertySignature(member) ? member.type : member;
      if (signature === undefined || !(ts.isMethodSignature(signature) || ts.isFunctionTypeNode(signature)))
        declaring.problem(
          'CODE_PARAMETERS_FIXED',
          member,
          `the type of ${name} is not written out here`,
          name,
          owner,
        );
      else if (!takesClinicDb(signature) && !declaring.widened.has(signature)) {
        declaring.widened.add(signature);
        addParameter(declaring, signature);
      }
    }
  }
}

/** The signatures without a body that stand before a function or a method of the same name. */
function overloadsOf(owner: FunctionNode): (ts.FunctionDeclaration | ts.MethodDeclaration)[] {
  const { parent } = owner;
  const name = owner.name?.getText();
  if (ts.isFunctionDeclaration(owner) && (ts.isSourceFile(parent) || ts.isBlock(parent)))
    return parent.statements
      .filter(ts.isFunctionDeclaration)
      .filter((one) => one !== owner && one.body === undefined && one.name?.text === name);
  if (!ts.isMethodDeclaration(owner) || !ts.isClassLike(parent)) return [];
  return parent.members
    .filter(ts.isMethodDeclaration)
    .filter((one) => one !== owner && one.body === undefined && one.name.getText() === name);
}

function reportObstacles({ project }: Analysis, draft: Draft, owner: FunctionNode): void {
  const taken = descendants(owner, ts.isIdentifier).find((one) => one.text === CLINIC_DB && isDeclared(one));
  if (taken !== undefined)
    draft.problem(
      'CODE_NAME_TAKEN',
      taken,
      `${CLINIC_DB} is the name of something else in this function`,
      undefined,
      owner,
    );
  const read = argumentsIn(owner);
  if (read !== undefined)
    draft.problem(
      'CODE_PARAMETERS_FIXED',
      read,
      'this function reads `arguments`, which clinicDb would be one of',
      undefined,
      owner,
    );
  const type = functionType(owner);
  if (type === undefined) return;
  const alias = declaredType(project, type);
  const written = alias !== undefined && ts.isTypeAliasDeclaration(alias) ? alias.type : type;
  if (!ts.isFunctionTypeNode(written) || !takesClinicDb(written))
    draft.problem('CODE_PARAMETERS_FIXED', type, 'this type says what the function takes', undefined, owner);
}

/** The type that a function is declared with apart from its own parameters. */
function functionType({ parent }: FunctionNode): ts.TypeNode | undefined {
  if (ts.isVariableDeclaration(parent) || ts.isPropertyDeclaration(parent)) return parent.type;
  return ts.isAsExpression(parent) || ts.isSatisfiesExpression(parent) ? parent.type : undefined;
}

function isDeclared(name: ts.Identifier): boolean {
  const { parent } = name;
  const isNamed = ts.isParameter(parent) || ts.isVariableDeclaration(parent) || ts.isBindingElement(parent);
  return isNamed && parent.name === name;
}

/** The first `arguments` of the function itself. */
function argumentsIn(owner: FunctionNode): ts.Identifier | undefined {
  let found: ts.Identifier | undefined;
  if (ts.isArrowFunction(owner)) return undefined;
  walk(owner, (node) => {
    if (node !== owner && isFunctionNode(node) && !ts.isArrowFunction(node)) return false;
    if (ts.isIdentifier(node) && node.text === 'arguments' && isReference(node)) found ??= node;
    return undefined;
  });
  return found;
}
