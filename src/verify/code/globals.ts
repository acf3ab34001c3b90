import { ts } from 'ts-morph';
import type { Analysis } from '../../project/analysis.js';
import { requestOf } from '../../project/calls/handlers.js';
import { isMigratedModel } from '../../project/models/registry.js';
import { descendants, enclosingFunctions, memberName, unwrap } from '../../project/source/nodes.js';
import { shown } from '../../project/source/shown.js';
import { areApart } from '../../project/types.js';
import type { ConnectionSources } from './connection-source.js';
import { repositoryCall } from './repositories.js';
import { type Problem, problem } from './words.js';

/** Uses of models and of the connection that belong to no request, and places where the source does not tell. */
export function globalProblems(analysis: Analysis, sources: ConnectionSources): Problem[] {
  const inFiles = [...analysis.uses].flatMap(([file, { uses, computed, unknown }]) => {
    return [
      ...uses
        .filter(({ node, model }) => !(model !== undefined && isOwnDefinition(analysis, node, model.name)))
        .map(({ node, model }) =>
          model === undefined
            ? problem('ISOLATION_GLOBAL_CONNECTION', node, `${shown(node)} is the one global connection`)
            : problem(
                'ISOLATION_GLOBAL_MODEL',
                node,
                `${shown(node)} is the model ${model.name} of the one global connection`,
              ),
        ),
      ...computed.map((node) =>
        problem(
          'ISOLATION_UNKNOWN',
          node,
          `which model ${shown(node.parent)} is cannot be read from the source`,
        ),
      ),
      ...unknown
        .filter((node) => !isUnderstood(analysis, sources, node))
        .map((node) =>
          problem('ISOLATION_UNKNOWN', node, `what ${shown(node)} works on cannot be read from the source`),
        ),
      ...drivers(analysis, file),
    ];
  });
  return [...unnamedModels(analysis), ...inFiles, ...perhapsOwn(analysis), ...reassigned(analysis, sources)];
}

/** What makes a model that nobody can name. */
function unnamedModels({ registry }: Analysis): Problem[] {
  return registry.unnamed.map((node) =>
    problem('ISOLATION_UNKNOWN', node, `which model ${shown(node)} makes cannot be read from the source`),
  );
}

/** Connections of which nothing tells that they are to another database than the legacy one. */
function perhapsOwn({ connections }: Analysis): Problem[] {
  return [...connections.others].flatMap(([node, certainty]) =>
    certainty === 'another'
      ? []
      : [
          problem(
            'ISOLATION_GLOBAL_CONNECTION',
            node,
            'nothing tells whether this connection is to the application’s own database',
          ),
        ],
  );
}

/** In `define: (sequelize) => …` the model is that of the connection given. */
function isOwnDefinition({ registry }: Analysis, node: ts.Node, name: string): boolean {
  const file = node.getSourceFile();
  const isOwn = registry.inFile.get(file)?.some((model) => model.name === name) === true;
  return isOwn && isMigratedModel(file) && enclosingFunctions(node).length > 0;
}

/** What readUses() cannot tell, and the rules of migrated code can. */
function isUnderstood(analysis: Analysis, sources: ConnectionSources, node: ts.Node): boolean {
  const expression = ts.isCallExpression(node) ? node.expression : node;
  if (!ts.isPropertyAccessExpression(expression)) return false;
  const receiver = unwrap(expression.expression);
  if (isRepositoryModel(analysis, receiver) || isGivenModels(analysis, sources, receiver)) return true;
  const { registry } = analysis;
  const models = ts.isCallExpression(node) ? receiver : expression;
  if (!ts.isPropertyAccessExpression(models) || memberName(models.expression) !== 'models') return false;
  const holder = models.expression;
  if (!ts.isPropertyAccessExpression(holder)) return false;
  const [own] = registry.inFile.get(node.getSourceFile()) ?? [];
  const other = registry.named(models.name.text);
  const isKnown = sources.of(holder.expression).every(({ home }) => home !== 'unknown');
  return isKnown && (own === undefined || other === undefined || !areApart(own, other));
}

/** `const Patient = await this.getModel(clinicDb)` in a repository. */
function isRepositoryModel(analysis: Analysis, node: ts.Expression): boolean {
  if (ts.isCallExpression(node))
    return memberName(node.expression) === 'getModel' && repositoryCall(analysis, node) !== undefined;
  const declaration = ts.isIdentifier(node) ? analysis.evaluator.declarationOf(node) : undefined;
  const given = declaration && ts.isVariableDeclaration(declaration) ? declaration.initializer : undefined;
  return (
    given !== undefined && ts.isCallExpression(unwrap(given)) && isRepositoryModel(analysis, unwrap(given))
  );
}

/** `let Patient; … Patient = await getModel(…)`, whatever is assigned. */
function isGivenModels({ evaluator }: Analysis, sources: ConnectionSources, node: ts.Expression): boolean {
  const declaration = ts.isIdentifier(node) ? evaluator.declarationOf(node) : undefined;
  if (declaration === undefined || !ts.isVariableDeclaration(declaration)) return false;
  const given = sources.assignments.to(declaration.name);
  return (
    declaration.initializer === undefined &&
    given.length > 0 &&
    given.every(({ left, right }) => ts.isIdentifier(left) && evaluator.valueOf(right)?.kind === 'migrated')
  );
}

/** A variable that holds a request's model first and something else later. */
function reassigned({ evaluator }: Analysis, sources: ConnectionSources): Problem[] {
  return sources.assignments.all.flatMap(({ node, left, right }) => {
    if (!ts.isIdentifier(left)) return [];
    const declaration = evaluator.declarationOf(left);
    const value = declaration && evaluator.valueOfDeclaration(declaration);
    const isSame = evaluator.valueOf(right)?.kind === 'migrated' || left.text === 'clinicDb';
    return value?.kind === 'migrated' && !isSame
      ? [
          problem(
            'ISOLATION_UNKNOWN',
            node,
            `${left.text} is a request's model first and then ${shown(right)}`,
          ),
        ]
      : [];
  });
}

/** `new Pool()` of pg beside Sequelize: one pool for all clinics, and no clinic's role. */
function drivers({ evaluator }: Analysis, file: ts.SourceFile): Problem[] {
  return descendants(file, ts.isNewExpression).flatMap((node) => {
    const made = evaluator.valueOf(node.expression);
    const around = enclosingFunctions(node);
    const isServing = around.length === 0 || around.some((one) => requestOf(one) !== undefined);
    const isDriver = made?.kind === 'package' && /^(pg|pg-pool)$/.test(made.name);
    return isDriver && isServing
      ? [problem('ISOLATION_GLOBAL_CONNECTION', node, `${shown(node)} is a connection of no clinic`)]
      : [];
  });
}
