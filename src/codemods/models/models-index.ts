import { ts } from 'ts-morph';
import type { Use } from '../../project/calls/uses.js';
import { isLoader } from '../../project/models/loader.js';
import { isExported } from '../../project/source/exported.js';
import {
  assignment,
  descendants,
  enclosingFunctions,
  isInside,
  isReference,
} from '../../project/source/nodes.js';
import type { Model } from '../../project/types.js';
import { isNamespace } from '../../project/values/bindings.js';
import type { Draft, Drafts } from '../planning/draft.js';
import { remove } from './associations.js';
import { isInitCall } from './static-init.js';

/** True for an index that does more than to name its models: it reads their folder, binds them or associates them. */
export function hasSteps(file: ts.SourceFile): boolean {
  return (
    isLoader(file) ||
    file.statements.some((one) => isInitCall(one) || /\.associate\b/.test(one.getText(file)))
  );
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

/**
 * Lets the files that gather models hand on the definitions instead of models of one connection. Returns the
 * uses that are dealt with.
 */
export function claimIndex(drafts: Drafts): Use[] {
  const claimed: Use[] = [];
  const { analysis } = drafts;
  for (const [file, { uses, bindings }] of analysis.uses) {
    const isIndex = isModelsIndex(drafts, file);
    if (isIndex && (isLoader(file) || drafts.left.isWaiting(file))) {
      claimed.push(...uses);
      continue;
    }
    const draft = drafts.of(file);
    const isBinding = (statement: ts.Statement): boolean =>
      isInitCall(statement) &&
      uses.some(({ node, model }) => model === undefined && isInside(node, statement)) &&
      (isIndex || uses.some(({ node, model }) => model !== undefined && isInside(node, statement)));
    const going = analysis.registry.inFile.has(file)
      ? []
      : file.statements.filter(
          (statement) => isBinding(statement) || (isIndex && /\.associate\b/.test(statement.getText(file))),
        );
    for (const statement of [...going, ...onlyFor(file, going)]) {
      remove(draft, statement);
      claimed.push(...uses.filter(({ node }) => isInside(node, statement)));
      for (const one of bindings.flatMap(({ references }) => references))
        if (isInside(one, statement)) draft.replaced.add(one);
    }
    if (!isIndex) continue;
    for (const { call, model } of factoryCalls(file, drafts)) {
      claimed.push(...uses.filter(({ node }) => call.expression.end <= node.pos && node.end <= call.end));
      const definition = analysis.project.file(`${analysis.project.app.root}/${model.file}`);
      // A model that is no function any more cannot be called here; one that stays a function is.
      if (definition !== undefined) drafts.of(definition).required.add(file);
    }
  }
  return claimed;
}

/** Constants like `const models = [Patient, Drug]` that nothing but what goes reads. */
export function onlyFor(file: ts.SourceFile, going: readonly ts.Node[]): ts.Statement[] {
  return file.statements.filter((statement) => {
    if (!ts.isVariableStatement(statement)) return false;
    const [declaration, ...others] = statement.declarationList.declarations;
    const value = declaration?.initializer;
    if (declaration === undefined || value === undefined || others.length > 0) return false;
    if (!ts.isArrayLiteralExpression(value) && !ts.isObjectLiteralExpression(value)) return false;
    const name = declaration.name.getText(file);
    const readers = descendants(file, ts.isIdentifier).filter((one) => one.text === name && isReference(one));
    return readers.length > 0 && readers.every((one) => going.some((other) => isInside(one, other)));
  });
}

/** Takes the global connection out of the files that gather models, where nothing that is left alone needs it. */
export function migrateIndex(drafts: Drafts, failed: ReadonlyMap<ts.SourceFile, Draft>): void {
  const { analysis } = drafts;
  for (const file of analysis.uses.keys()) {
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
    const calls = factoryCalls(file, drafts);
    const isLeft = ({ model }: FactoryCall): boolean =>
      [...failed.keys()].some((one) => one.fileName === `${analysis.project.app.root}/${model.file}`);
    for (const { call } of calls.filter((one) => !isLeft(one))) {
      draft.replace(call.expression.end, call.end, '');
      for (const { root } of analysis.uses.get(file)?.uses ?? [])
        if (root !== undefined && call.expression.end <= root.pos && root.end <= call.end)
          draft.replaced.add(root);
    }
    const isNeeded = [...analysis.uses].some(([one, { uses }]) =>
      uses.some((use) => use.model === undefined && (failed.has(one) || staysAsItIs(drafts, use))),
    );
    if (!isNeeded && !calls.some(isLeft)) dropConnection(draft, drafts);
  }
}

/** True for a use in a function that is left, and for one at module scope that nothing could be put in place of. */
function staysAsItIs({ left, atLoad }: Drafts, use: Use): boolean {
  return use.owner === undefined ? atLoad.includes(use) : left.has(use.owner);
}

interface FactoryCall {
  readonly call: ts.CallExpression;
  readonly model: Model;
}

/** `require('./Patient')(sequelize, DataTypes)`. */
function factoryCalls(file: ts.SourceFile, { analysis }: Drafts): FactoryCall[] {
  const found: FactoryCall[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node) && enclosingFunctions(node).length === 0) {
      const callee = analysis.evaluator.valueOf(node.expression);
      if (callee?.kind === 'model' && !ts.isPropertyAccessExpression(node.expression))
        found.push({ call: node, model: callee.model });
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
  for (const statement of file.statements) {
    const pair = ts.isExpressionStatement(statement) ? assignment(statement.expression) : undefined;
    if (pair !== undefined && ts.isIdentifier(pair.right) && isExported(pair.right)) {
      if (analysis.evaluator.valueOf(pair.right)?.kind !== 'connection') continue;
      remove(draft, statement);
      draft.replaced.add(pair.right);
    }
  }
  for (const statement of file.statements)
    if (ts.isExpressionStatement(statement) || ts.isExportAssignment(statement)) visit(statement);
}
