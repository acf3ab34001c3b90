import { ts } from 'ts-morph';
import type { Finding } from '../../core/finding.js';
import { FINDINGS } from '../../core/finding-codes.js';
import type { Analysis } from '../../project/analysis.js';
import { isMigratedModel } from '../../project/models/registry.js';
import { unrecognisedModels } from '../../project/models/unrecognised.js';
import { exportsOf, runtimePaths } from '../../project/source/modules.js';
import { descendants, locationOf } from '../../project/source/nodes.js';
import { databasesOf } from '../../project/types.js';

const MAPS = { clinic: 'MODEL_MAP', central: 'CENTRAL_MODEL_MAP' } as const;

/** Where no model is recognised, which comes before all else: nothing that holds here says anything then. */
export function recognitionFindings(analysis: Analysis): Finding[] {
  const first = unrecognisedModels(analysis);
  if (first === undefined) return [];
  return [
    {
      code: 'ISOLATION_NO_MODELS',
      severity: 'error',
      message: 'no model was recognised, so no query could be checked',
      location: locationOf(first),
      hint: FINDINGS.ISOLATION_NO_MODELS.mend,
    },
  ];
}

/** Runtime files that are missing, and models that ModelFactory does not know. */
export function registrationFindings(analysis: Analysis): Finding[] {
  const { project, registry } = analysis;
  const paths = runtimePaths(project.app);
  const at = (path: string): ts.SourceFile | undefined =>
    ['.js', '.ts', '.cjs', '.mjs']
      .map((ending) => project.file(path + ending))
      .find((file) => file !== undefined);
  const missing = Object.entries({
    ModelFactory: paths.modelFactory,
    connectionManager: paths.connectionManager,
    clinicRoutingMiddleware: paths.routing,
  }).filter(([, path]) => at(path) === undefined);
  const absent = missing.map(
    ([name, path]): Finding => ({
      code: 'ISOLATION_NOT_REGISTERED',
      severity: 'error',
      subject: name,
      message: `there is no ${name}: ${path} does not exist`,
      hint: 'Write it: clinic-migrate scaffold.',
    }),
  );
  const factory = at(paths.modelFactory);
  if (factory === undefined) return absent;
  const unknown = registry.models.flatMap((model) =>
    databasesOf(model)
      .filter((database) => !namesIn(factory, MAPS[database]).has(model.name))
      .map(
        (database): Finding => ({
          code: 'ISOLATION_NOT_REGISTERED',
          severity: 'error',
          subject: model.name,
          message: `${MAPS[database]} of ModelFactory lacks the model ${model.name}`,
          location: model.location,
        }),
      ),
  );
  return [...absent, ...unknown];
}

/**
 * Models of a connection of their own of which nothing else is said: whoever uses them has them in a way that is not
 * seen, so one finding a file keeps the application from being taken for migrated.
 */
export function unmadeFindings({ registry, uses, connections }: Analysis): Finding[] {
  const spokenOf = new Set([...uses.values()].flatMap((one) => one.uses.map(({ model }) => model)));
  const isElsewhere = (file: ts.SourceFile): boolean =>
    connections.otherModels.has(file) || (uses.get(file)?.uses.length ?? 0) > 0;
  return [...registry.inFile].flatMap(([file, models]) => {
    const [first, ...rest] = models.filter((model) => !spokenOf.has(model));
    const isMade = isMigratedModel(file) || exportsOf(file).named.has('define');
    if (first === undefined || isMade || isElsewhere(file)) return [];
    const names = [first, ...rest].map(({ name }) => name);
    return [
      {
        code: 'ISOLATION_NOT_REGISTERED',
        severity: 'error',
        subject: first.name,
        message: `${names.join(', ')}: this file does not export { define, associate }, so ModelFactory cannot make the ${rest.length === 0 ? 'model' : 'models'} for a clinic’s connection`,
        location: first.location,
        hint: 'Write it as { define: (sequelize) => …, associate: (clinicDb) => … }, one model a file.',
      },
    ];
  });
}

function namesIn(factory: ts.SourceFile, map: string): Set<string> {
  const declaration = descendants(factory, ts.isVariableDeclaration).find(
    (one) => one.name.getText(factory) === map,
  );
  const object = declaration?.initializer;
  if (object === undefined || !ts.isObjectLiteralExpression(object)) return new Set();
  return new Set(
    object.properties.flatMap(({ name }) =>
      name === undefined ? [] : [name.getText(factory).replace(/^['"]|['"]$/g, '')],
    ),
  );
}
