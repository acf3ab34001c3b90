import { ts } from 'ts-morph';
import type { Analysis } from '../../project/analysis.js';
import type { Use } from '../../project/calls/uses.js';
import { DECORATORS_PACKAGE, packageMember } from '../../project/models/decorators.js';
import { descendants, isInside } from '../../project/source/nodes.js';
import type { Binding } from '../../project/values/bindings.js';
import type { Draft, Drafts } from '../planning/draft.js';
import { remove } from './associations.js';
import { onlyFor } from './models-index.js';

/** Options of sequelize-typescript's connection that give it models. */
const GIVING = new Set(['models', 'modelPaths', 'modelMatch', 'repositoryMode']);

/**
 * Takes the models away from the old connection, `sequelize.addModels([…])` and `new Sequelize({ models: […] })`, since
 * ModelFactory gives each connection its own. All of them stay while one is left: it cannot be bound without those that
 * it is associated with. Returns the uses that are dealt with.
 */
export function claimGivenModels(drafts: Drafts, isAsked: boolean): Use[] {
  const { analysis, left } = drafts;
  const claimed: Use[] = [];
  const isLeft = (file: ts.SourceFile): boolean =>
    left.hasFile(file) && file.text.includes(DECORATORS_PACKAGE);
  const isNeeded = !isAsked || [...analysis.registry.inFile.keys()].some(isLeft);
  for (const [file, { uses, bindings }] of analysis.uses) {
    if (!/\baddModels\b|\bmodel(s|Paths)\s*:/.test(file.text) || analysis.registry.inFile.has(file)) continue;
    const adding = descendants(file, ts.isExpressionStatement).filter((one) => isAdding(analysis, one));
    const options = descendants(file, ts.isNewExpression).flatMap(
      (one) => givingOptions(analysis, one) ?? [],
    );
    const given = [...adding, ...options.flatMap(({ going }) => going)];
    const constants = onlyFor(file, given);
    const isGoing = (node: ts.Node): boolean => [...given, ...constants].some((one) => isInside(node, one));
    claimed.push(...uses.filter(({ node }) => isGoing(node)));
    const draft = drafts.of(file);
    if (isNeeded) {
      keepNames(draft, bindings, isGoing);
      continue;
    }
    for (const statement of [...adding, ...constants]) remove(draft, statement);
    for (const one of options) cutOptions(draft, one);
    for (const one of bindings.flatMap(({ references }) => references))
      if (isGoing(one)) draft.replaced.add(one);
  }
  return claimed;
}

/** Lets the classes that stay be imported by the names under which migrated files export them. */
function keepNames(draft: Draft, bindings: readonly Binding[], isGiven: (node: ts.Node) => boolean): void {
  for (const { declaration, references } of bindings) {
    const found = ts.isImportClause(declaration) ? draft.byName.get(declaration) : undefined;
    if (found !== undefined && ts.isImportClause(declaration) && references.some(isGiven))
      draft.byName.set(declaration, { ...found, isNeeded: true });
  }
}

/** True for `sequelize.addModels(…)`. */
function isAdding({ evaluator }: Analysis, { expression }: ts.ExpressionStatement): boolean {
  if (!ts.isCallExpression(expression) || !ts.isPropertyAccessExpression(expression.expression)) return false;
  const { name, expression: receiver } = expression.expression;
  return name.text === 'addModels' && evaluator.valueOf(receiver)?.kind === 'connection';
}

interface GivingOptions {
  readonly made: ts.NewExpression;
  readonly options: ts.ObjectLiteralExpression;
  readonly going: readonly ts.ObjectLiteralElementLike[];
}

/** The members of the connection's options that give it models. */
function givingOptions({ evaluator }: Analysis, made: ts.NewExpression): GivingOptions | undefined {
  const options = made.arguments?.at(-1);
  if (options === undefined || !ts.isObjectLiteralExpression(options)) return undefined;
  if (packageMember(evaluator, made.expression) !== 'Sequelize') return undefined;
  const going = options.properties.filter(({ name }) => name !== undefined && GIVING.has(name.getText()));
  return going.length === 0 ? undefined : { made, options, going };
}

/** Cuts members out of the options; the whole argument where nothing would be left in it. */
function cutOptions(draft: Draft, { made, options, going }: GivingOptions): void {
  const { file } = draft;
  const kept = options.properties.filter((one) => !going.includes(one));
  const before = made.arguments?.at(-2);
  if (kept.length === 0) {
    if (before === undefined) draft.replace(options.getStart(file), options.end, '{}');
    else draft.replace(before.end, options.end, '');
    return;
  }
  const last = kept.at(-1)?.end ?? 0;
  for (const one of going.filter(({ pos }) => pos < last)) {
    const next = options.properties[options.properties.indexOf(one) + 1];
    draft.replace(one.getStart(file), next?.getStart(file) ?? one.end, '');
  }
  // With the comma before them, so that the one behind them stays where there is one.
  if (options.properties.at(-1) !== kept.at(-1))
    draft.replace(last, options.properties.at(-1)?.end ?? last, '');
}
