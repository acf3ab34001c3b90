import { ts } from 'ts-morph';
import type { Analysis } from '../../project/analysis.js';
import { descendants, memberName, unwrap } from '../../project/nodes.js';
import { homesOf } from '../../project/types.js';
import type { ConnectionSources, Origin } from './connection-source.js';
import { repositoryCall } from './repositories.js';
import { type Problem, problem, short } from './words.js';

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
            `${short(node)} is handed on, so what it is given as clinicDb is not known`,
          ),
        )
      : [],
  );
  const used = [...analysis.uses.keys()].flatMap((file) =>
    descendants(file, ts.isCallExpression).flatMap((call) => [
      ...asked(analysis, sources, call),
      ...repository(analysis, sources, call),
      ...queried(sources, call),
    ]),
  );
  return [...passed, ...handedOn, ...used];
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
          ? `${short(node)} passes no connection for ${what}`
          : `${short(node)}, used for ${what}, is not the request's clinic as far as the source tells`,
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
        `which model ${short(call)} asks for cannot be read from the source`,
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
  const homes = homesOf(model);
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
    return [problem('ISOLATION_UNKNOWN', call, `${short(call)} passes no connection for the model ${model}`)];
  return askedFor(analysis, sources.of(connection), model, call, call);
}

/** `clinicDb.query(…)` and `clinicDb.transaction(…)` on whatever is, or is named for, a connection. */
function queried(sources: ConnectionSources, call: ts.CallExpression): Problem[] {
  const method = memberName(call.expression);
  if (method !== 'query' && method !== 'transaction') return [];
  const { expression } = call;
  if (!ts.isPropertyAccessExpression(expression) && !ts.isElementAccessExpression(expression)) return [];
  const receiver = unwrap(expression.expression);
  const origins = sources.of(receiver);
  const isNamed = /clinicdb$/i.test(memberName(receiver) ?? receiver.getText());
  const isConnection = isNamed || origins.some(({ home }) => home !== 'unknown');
  return isConnection ? unknownOrigins(origins, method === 'query' ? 'a query' : 'a transaction') : [];
}
