import { ts } from 'ts-morph';
import type { Analysis } from '../../project/analysis.js';
import { descendants, memberName, unwrap } from '../../project/source/nodes.js';
import { shown } from '../../project/source/shown.js';
import { databasesOf } from '../../project/types.js';
import type { ConnectionSources, Origin } from './connection-source.js';
import { repositoryCall } from './repositories.js';
import { type Problem, problem } from './words.js';

/** What a connection is for, under whatever name. */
const WORK = new Set(['query', 'transaction', 'model', 'models', 'getQueryInterface', 'define']);

const SQL = /^['"`]\s*(SELECT|INSERT|UPDATE|DELETE|WITH)\b/i;

/** Every place where a connection is used or passed on: it must be the request's own, or the central one. */
export function connectionProblems(analysis: Analysis, sources: ConnectionSources): Problem[] {
  const passed = [...analysis.calls.keys()].flatMap((owner) =>
    owner.parameters
      .filter(({ name }) => name.getText() === 'clinicDb')
      .flatMap((parameter) => unknownOrigins(sources.ofParameter(parameter), 'clinicDb')),
  );
  const handedOn = [...analysis.calls].flatMap(([{ parameters }, { escapes }]) =>
    parameters.some(({ name }) => name.getText() === 'clinicDb')
      ? escapes.map((node) =>
          problem(
            'ISOLATION_UNKNOWN',
            node,
            `${shown(node)} is handed on, so what it is given as clinicDb is not known`,
          ),
        )
      : [],
  );
  const used = [...analysis.uses.keys()].flatMap((file) =>
    descendants(file, ts.isCallExpression).flatMap((call) => [
      ...asked(analysis, sources, call),
      ...repository(analysis, sources, call),
      ...unrecognised(analysis, sources, call),
    ]),
  );
  const others = [...analysis.uses.keys()].flatMap((file) =>
    descendants(file, isMember).flatMap((node) => worked(sources, node)),
  );
  return [...passed, ...handedOn, ...used, ...others];
}

/** A finding for every origin that is not understood, at the place where it is. */
function unknownOrigins(origins: readonly Origin[], what: string): Problem[] {
  return origins
    .filter(({ home }) => home === 'unknown')
    .map(({ node, isMissing }) =>
      problem(
        'ISOLATION_UNKNOWN',
        node,
        isMissing
          ? `${shown(node)} passes no connection for ${what}`
          : `${shown(node)}, used for ${what}, is not the request's clinic as far as the source tells`,
      ),
    );
}

/** `ModelFactory.getModel(connection, 'Name')`. */
function asked(analysis: Analysis, sources: ConnectionSources, call: ts.CallExpression): Problem[] {
  if (analysis.evaluator.valueOf(call.expression)?.kind !== 'getModel') return [];
  const [connection, name] = call.arguments;
  if (connection === undefined || name === undefined || !ts.isStringLiteralLike(name))
    return [
      problem(
        'ISOLATION_UNKNOWN',
        call,
        `which model ${shown(call)} asks for cannot be read from the source`,
      ),
      ...(connection === undefined ? [] : unknownOrigins(sources.of(connection), 'a model')),
    ];
  return askedFor(analysis, sources.of(connection), name.text, call, name);
}

function askedFor(
  { registry }: Analysis,
  origins: readonly Origin[],
  name: string,
  call: ts.Node,
  place: ts.Node,
): Problem[] {
  const model = registry.named(name);
  if (model === undefined || model.name !== name)
    return [problem('ISOLATION_NOT_REGISTERED', place, `the application has no model ${name}`)];
  const homes = databasesOf(model);
  const wrong = origins.find(({ home }) => home !== 'unknown' && !homes.includes(home));
  const where = wrong?.home === 'clinic' ? "a clinic's database" : 'the central database';
  return [
    ...unknownOrigins(origins, `the model ${name}`),
    ...(wrong === undefined
      ? []
      : [problem('ISOLATION_WRONG_DATABASE', call, `${name} has no table in ${where}`)]),
  ];
}

/** `PatientRepository.findAll(clinicDb, …)`, whose base class is the runtime's Repository. */
function repository(analysis: Analysis, sources: ConnectionSources, call: ts.CallExpression): Problem[] {
  const model = repositoryCall(analysis, call);
  if (model === undefined) return [];
  const [connection] = call.arguments;
  if (connection === undefined)
    return [problem('ISOLATION_UNKNOWN', call, `${shown(call)} passes no connection for the model ${model}`)];
  return askedFor(analysis, sources.of(connection), model, call, call);
}

/** Whatever is done with something that is, or is named for, a clinic's connection: `clinicDb.query(…)`. */
function worked(
  sources: ConnectionSources,
  node: ts.PropertyAccessExpression | ts.ElementAccessExpression,
): Problem[] {
  const receiver = unwrap(node.expression);
  const isNamed = /clinicdb$/i.test(memberName(receiver) ?? (ts.isIdentifier(receiver) ? receiver.text : ''));
  if (!isNamed && !WORK.has(memberName(node) ?? '')) return [];
  const origins = sources.of(receiver);
  const isConnection = isNamed || origins.some(({ home }) => home !== 'unknown');
  return isConnection ? unknownOrigins(origins, `${shown(node)}`) : [];
}

/** `x.transaction(…)` and `x.query('SELECT …')` where nothing tells what x is. */
function unrecognised(analysis: Analysis, sources: ConnectionSources, call: ts.CallExpression): Problem[] {
  const { expression } = call;
  if (!ts.isPropertyAccessExpression(expression)) return [];
  const [sql] = call.arguments;
  const isWork =
    expression.name.text === 'transaction' ||
    (expression.name.text === 'query' && sql !== undefined && SQL.test(sql.getText()));
  const receiver = unwrap(expression.expression);
  const kind = isWork ? analysis.evaluator.valueOf(receiver)?.kind : 'connection';
  // The global connection is spoken of elsewhere, and so is a driver of the application's own.
  if (kind !== undefined && kind !== 'migrated') return [];
  const declaration = ts.isIdentifier(receiver) ? analysis.evaluator.declarationOf(receiver) : undefined;
  const made = declaration && ts.isVariableDeclaration(declaration) ? declaration.initializer : undefined;
  return made !== undefined && ts.isNewExpression(unwrap(made))
    ? []
    : unknownOrigins(sources.of(receiver), shown(expression));
}

function isMember(node: ts.Node): node is ts.PropertyAccessExpression | ts.ElementAccessExpression {
  return ts.isPropertyAccessExpression(node) || ts.isElementAccessExpression(node);
}
