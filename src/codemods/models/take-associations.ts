import { ts } from 'ts-morph';
import type { Use } from '../../project/calls/uses.js';
import { isInside, isReference, requiredSpecifier, walk } from '../../project/source/nodes.js';
import { symbolOf } from '../../project/source/symbols.js';
import type { Model } from '../../project/types.js';
import type { Drafts } from '../planning/draft.js';
import { type AssociationLine, crosses, remove, renderLine } from './associations.js';
import { relatingBodies } from './relating-functions.js';
import { isAssociation } from './shape.js';

/** An association that stood at the top of a file. */
export interface MovedAssociation extends AssociationLine {
  readonly file: ts.SourceFile;
  readonly statement: ts.Statement;
}

/** The associations at the top of files, and in functions that do nothing else, which move to their models. */
export interface TakenAssociations {
  /** By the file of the model they belong to. */
  readonly lines: ReadonlyMap<ts.SourceFile, readonly MovedAssociation[]>;
  /** By the file of a model they stand in. */
  readonly statements: ReadonlyMap<ts.SourceFile, readonly ts.Statement[]>;
  /** The uses of models in them. */
  readonly uses: readonly Use[];
}

/** Takes the associations that stand outside of their models, by the file of the model they belong to. */
export function takeAssociations(drafts: Drafts): TakenAssociations {
  const { analysis } = drafts;
  const { evaluator, project, registry } = analysis;
  const lines = new Map<ts.SourceFile, MovedAssociation[]>();
  const statements = new Map<ts.SourceFile, ts.Statement[]>();
  const uses: Use[] = [];
  const global = (node: ts.Node): Model | undefined => {
    if (!ts.isIdentifier(node) && !ts.isPropertyAccessExpression(node)) return undefined;
    const value = evaluator.valueOf(node);
    return value?.kind === 'model' ? value.model : undefined;
  };
  for (const [file, fileUses] of analysis.uses) {
    const draft = drafts.of(file);
    const bodies = registry.inFile.has(file) ? [] : relatingBodies(analysis, file);
    const inBodies = bodies.flatMap(({ body }) => [...body.statements]);
    const gone = new Set<ts.Statement>();
    for (const statement of [...file.statements, ...inBodies].filter(isAssociation)) {
      const around = bodies.find(({ body }) => isInside(statement, body));
      const resolve = (node: ts.Node): Model | undefined => around?.resolve(node) ?? global(node);
      const line = renderLine(file, statement, resolve);
      const [self] = line.models;
      const target = self && project.file(`${project.app.root}/${self.file}`);
      if (self === undefined || target === undefined || !isMovable(statement, resolve, target)) continue;
      if (drafts.left.isWaiting(target)) {
        uses.push(...fileUses.uses.filter(({ node }) => isInside(node, statement)));
        continue;
      }
      if (registry.inFile.has(file)) statements.set(file, [...(statements.get(file) ?? []), statement]);
      else gone.add(statement);
      for (const use of fileUses.uses) {
        if (!isInside(use.node, statement)) continue;
        uses.push(use);
        if (use.root !== undefined) draft.replaced.add(use.root);
      }
      if (!crosses(draft, self, statement, line))
        lines.set(target, [...(lines.get(target) ?? []), { ...line, file, statement }]);
    }
    const emptied = bodies.filter(({ body }) =>
      body.statements.filter(isAssociation).every((one) => gone.has(one)),
    );
    for (const { body } of emptied) {
      const [first] = body.statements;
      if (first !== undefined) remove(draft, first, body.statements.at(-1));
    }
    for (const one of gone) if (!emptied.some(({ body }) => isInside(one, body))) remove(draft, one);
  }
  return { lines, statements, uses };
}

/** True for a statement that names nothing of its file but models; in the model's own file, imports as well. */
function isMovable(
  statement: ts.Statement,
  resolve: (node: ts.Node) => Model | undefined,
  target: ts.SourceFile,
): boolean {
  let isFree = true;
  walk(statement, (node) => {
    if (resolve(node) !== undefined) return false;
    if (!ts.isIdentifier(node) || !isReference(node)) return undefined;
    const declared = symbolOf(node)?.declarations ?? [];
    const isSeen = (one: ts.Node): boolean =>
      isInside(one, statement) || (one.getSourceFile() === target && isImported(one));
    if (!declared.every(isSeen)) isFree = false;
    return undefined;
  });
  return isFree;
}

/** True for a name that an import, or a `require` at the top of the file, gives. */
function isImported(declaration: ts.Node): boolean {
  if (ts.isImportSpecifier(declaration) || ts.isImportClause(declaration)) return true;
  if (ts.isNamespaceImport(declaration)) return true;
  const variable = ts.isBindingElement(declaration) ? declaration.parent.parent : declaration;
  if (!ts.isVariableDeclaration(variable) || variable.initializer === undefined) return false;
  return (
    requiredSpecifier(variable.initializer) !== undefined && ts.isSourceFile(variable.parent.parent.parent)
  );
}
