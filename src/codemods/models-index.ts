import { ts } from 'ts-morph';
import { isNamespace } from '../project/bindings.js';
import { isLoader } from '../project/loader.js';
import { enclosingFunctions } from '../project/nodes.js';
import type { Model } from '../project/types.js';
import { type AssociationLine, crosses, isAssociation, renderLine, withComments } from './associations.js';
import type { Draft, Drafts } from './draft.js';

/** An association that stood in another file than its model. */
export interface MovedAssociation extends AssociationLine {
  readonly file: ts.SourceFile;
}

/** True for a file that gathers models for others: it exports them under their names and defines none. */
export function isModelsIndex({ analysis }: Drafts, file: ts.SourceFile): boolean {
  return (
    !analysis.registry.inFile.has(file) &&
    isNamespace(analysis.evaluator, { kind: 'module', file }) &&
    holdsModels(analysis.uses.get(file)?.bindings ?? [], file)
  );
}

function holdsModels(bindings: readonly { value: { kind: string } }[], file: ts.SourceFile): boolean {
  return (
    isLoader(file) ||
    bindings.some(({ value }) => value.kind === 'model') ||
    /require\([^)]*\)\s*\(/.test(file.text)
  );
}

/** Takes associations at module scope out of the files that gather models, by the file of the model they belong to. */
export function takeAssociations(drafts: Drafts): Map<ts.SourceFile, MovedAssociation[]> {
  const { analysis } = drafts;
  const taken = new Map<ts.SourceFile, MovedAssociation[]>();
  for (const file of analysis.uses.keys()) {
    if (analysis.registry.inFile.has(file)) continue;
    for (const statement of file.statements) {
      if (!isAssociation(statement)) continue;
      const resolve = (node: ts.Node): Model | undefined => {
        if (!ts.isIdentifier(node) && !ts.isPropertyAccessExpression(node)) return undefined;
        const value = analysis.evaluator.valueOf(node);
        return value?.kind === 'model' ? value.model : undefined;
      };
      const line = renderLine(file, statement, resolve);
      const [self] = line.models;
      const target = self && analysis.project.file(`${analysis.project.app.root}/${self.file}`);
      if (self === undefined || target === undefined) continue;
      const draft = drafts.of(file);
      remove(draft, statement);
      for (const use of analysis.uses.get(file)?.uses ?? []) {
        if (use.root !== undefined && statement.pos <= use.node.pos && use.node.end <= statement.end)
          draft.replaced.add(use.root);
      }
      if (!crosses(draft, self, statement, line))
        taken.set(target, [...(taken.get(target) ?? []), { ...line, file }]);
    }
  }
  return taken;
}

function remove(draft: Draft, statement: ts.Statement): void {
  const start = withComments(draft.file, statement);
  draft.dropped.push({ start, end: statement.end });
  draft.remove(start, statement.end);
}

/** Lets the files that gather models hand on the definitions: nothing in them is bound to a connection any more. */
export function migrateIndex(drafts: Drafts, failed: ReadonlyMap<ts.SourceFile, Draft>): void {
  const { analysis } = drafts;
  for (const [file, { uses }] of analysis.uses) {
    if (!isModelsIndex(drafts, file) || failed.has(file)) continue;
    const draft = drafts.of(file);
    if (isLoader(file)) {
      draft.note(
        'CODE_INDEX_LOADER',
        'warning',
        file.statements[0] ?? file,
        'this index has nothing to do any more',
      );
      continue;
    }
    for (const statement of file.statements) {
      if (/\.associate\b/.test(statement.getText(file))) remove(draft, statement);
    }
    for (const call of factoryCalls(file, drafts)) {
      draft.replace(call.expression.end, call.end, '');
      for (const use of uses) {
        if (use.root !== undefined && call.expression.end <= use.node.pos && use.node.end <= call.end)
          draft.replaced.add(use.root);
      }
    }
    const isNeeded = [...failed.keys()].some((one) =>
      (analysis.uses.get(one)?.uses ?? []).some((use) => use.model === undefined),
    );
    if (!isNeeded) dropConnection(draft, drafts);
  }
}

/** `require('./Patient')(sequelize, DataTypes)`. */
function factoryCalls(file: ts.SourceFile, { analysis }: Drafts): ts.CallExpression[] {
  const found: ts.CallExpression[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node) && enclosingFunctions(node).length === 0) {
      const callee = analysis.evaluator.valueOf(node.expression);
      if (callee?.kind === 'model' && !ts.isPropertyAccessExpression(node.expression)) found.push(node);
    }
    node.forEachChild(visit);
  };
  visit(file);
  return found;
}

/** Takes the global connection out of what the file exports. */
function dropConnection(draft: Draft, { analysis }: Drafts): void {
  const { file } = draft;
  const visit = (node: ts.Node): void => {
    if (ts.isObjectLiteralExpression(node)) {
      const { properties } = node;
      const going = properties.filter((member) => {
        const value = ts.isShorthandPropertyAssignment(member)
          ? analysis.evaluator.valueOf(member.name)
          : ts.isPropertyAssignment(member)
            ? analysis.evaluator.valueOf(member.initializer)
            : undefined;
        return value?.kind === 'connection';
      });
      for (const member of going) {
        const index = properties.indexOf(member);
        const next = properties[index + 1];
        const before = properties[index - 1];
        if (next !== undefined) draft.replace(member.getStart(file), next.getStart(file), '');
        else if (before !== undefined) draft.replace(before.end, member.end, '');
        const name = ts.isShorthandPropertyAssignment(member)
          ? member.name
          : ts.isPropertyAssignment(member)
            ? member.initializer
            : undefined;
        if (name !== undefined && ts.isIdentifier(name)) draft.replaced.add(name);
      }
      return;
    }
    node.forEachChild(visit);
  };
  for (const statement of file.statements)
    if (ts.isExpressionStatement(statement) || ts.isExportAssignment(statement)) visit(statement);
}
