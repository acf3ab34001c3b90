import { ts } from 'ts-morph';
import type { Finding } from '../../core/finding.js';
import type { Analysis } from '../../project/analysis.js';
import { assignment, descendants, enclosingFunctions, memberName } from '../../project/nodes.js';
import { requestOf } from '../../project/owners.js';
import { homesOf } from '../../project/types.js';
import { ConnectionSources, clinicDbParameters } from './connection-source.js';
import { problem } from './words.js';

/** Every place where a connection is used, passed on or chosen: it must be the request's own, or the central one. */
export function connectionFindings(analysis: Analysis): Finding[] {
  const sources = new ConnectionSources(analysis);
  const passed = [...analysis.calls].flatMap(([owner, { calls }]) =>
    clinicDbParameters(owner).flatMap((parameter) => {
      const index = owner.parameters.indexOf(parameter);
      return calls.flatMap((call) => passedOn(sources, call, call.arguments[index]));
    }),
  );
  const used = [...analysis.uses.keys()].flatMap((file) =>
    descendants(file, ts.isCallExpression).flatMap((call) => [
      ...asked(analysis, sources, call),
      ...queried(sources, call),
      ...chosen(analysis, call),
    ]),
  );
  const replaced = [...analysis.uses.keys()].flatMap((file) =>
    descendants(file, ts.isBinaryExpression).flatMap((node) => {
      const pair = assignment(node);
      const isClinicDb = pair !== undefined && /^\w+\.clinicDb$/.test(pair.left.getText(file));
      return isClinicDb
        ? [
            problem(
              'ISOLATION_CLINIC_SOURCE',
              node,
              `${pair.left.getText(file)} is set outside clinicRoutingMiddleware`,
            ),
          ]
        : [];
    }),
  );
  return [...passed, ...used, ...replaced];
}

function passedOn(
  sources: ConnectionSources,
  call: ts.CallExpression,
  argument: ts.Expression | undefined,
): Finding[] {
  const callee = call.expression.getText();
  if (argument === undefined)
    return [problem('ISOLATION_UNKNOWN', call, `${callee} needs a clinic's connection and is given none`)];
  return sources.of(argument) === 'clinic'
    ? []
    : [
        problem(
          'ISOLATION_UNKNOWN',
          argument,
          `${callee} is given ${argument.getText()}, which is not the request's clinic as far as the source tells`,
        ),
      ];
}

/** `ModelFactory.getModel(connection, 'Name')`. */
function asked(
  { evaluator, registry }: Analysis,
  sources: ConnectionSources,
  call: ts.CallExpression,
): Finding[] {
  if (evaluator.valueOf(call.expression)?.kind !== 'getModel') return [];
  const [connection, name] = call.arguments;
  if (connection === undefined || name === undefined || !ts.isStringLiteralLike(name))
    return [
      problem(
        'ISOLATION_UNKNOWN',
        call,
        `which model ${call.getText()} asks for cannot be read from the source`,
      ),
    ];
  const source = sources.of(connection);
  if (source === 'unknown')
    return [
      problem(
        'ISOLATION_UNKNOWN',
        connection,
        `${name.text} is asked for on ${connection.getText()}, which is not the request's clinic as far as the source tells`,
      ),
    ];
  const model = registry.named(name.text);
  if (model === undefined || model.name !== name.text)
    return [problem('ISOLATION_NOT_REGISTERED', name, `the application has no model ${name.text}`)];
  if (homesOf(model).includes(source)) return [];
  const place = source === 'clinic' ? "a clinic's database" : 'the central database';
  return [problem('ISOLATION_WRONG_DATABASE', call, `${model.name} has no table in ${place}`)];
}

/** `clinicDb.query(…)` and `clinicDb.transaction(…)` on something that is named for a connection. */
function queried(sources: ConnectionSources, call: ts.CallExpression): Finding[] {
  const method = memberName(call.expression);
  if ((method !== 'query' && method !== 'transaction') || !ts.isPropertyAccessExpression(call.expression))
    return [];
  const receiver = call.expression.expression;
  if (!/clinicdb$/i.test(receiver.getText()) || sources.of(receiver) !== 'unknown') return [];
  return [
    problem(
      'ISOLATION_UNKNOWN',
      receiver,
      `${receiver.getText()} is not the request's clinic as far as the source tells`,
    ),
  ];
}

/** `getClinicConnection(…)` where a request is answered, by anything but the verified token. */
function chosen({ project }: Analysis, call: ts.CallExpression): Finding[] {
  const name = ts.isIdentifier(call.expression) ? call.expression.text : memberName(call.expression);
  if (name !== 'getClinicConnection') return [];
  const requests = enclosingFunctions(call)
    .map(requestOf)
    .filter((one) => one !== undefined);
  const [request] = requests;
  if (request === undefined) return [];
  const given = call.arguments[0]?.getText().replaceAll('?.', '.');
  const isToken = request.kind === 'name' && given === project.app.clinicId.replace(/^req\b/, request.name);
  return isToken
    ? []
    : [
        problem(
          'ISOLATION_CLINIC_SOURCE',
          call,
          `the clinic is chosen by ${given ?? 'nothing'}, and the client may choose that`,
        ),
      ];
}
