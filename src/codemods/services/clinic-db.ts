import { ts } from 'ts-morph';
import type { AppConfig } from '../../config/types.js';
import { requestOf } from '../../project/calls/handlers.js';
import type { FunctionNode } from '../../project/types.js';
import type { Draft } from '../planning/draft.js';
import { requireUnused } from '../planning/names.js';
import { connectionType } from '../writing/type-names.js';

/** The parameter of functions that never see the request. */
export const CLINIC_DB = 'clinicDb';

/** How a function says "this clinic's connection", and whether it sees the request at all. */
export interface ClinicDb {
  readonly expression: string;
  readonly source: 'request' | 'pattern' | 'parameter';
}

/** The clinic's connection as seen from a function: `req.clinicDb` by the request's name there, else a parameter. */
export function clinicDbOf(app: AppConfig, owner: FunctionNode): ClinicDb {
  const request = requestOf(owner);
  if (request === undefined) return { expression: CLINIC_DB, source: 'parameter' };
  if (request.kind === 'name')
    return { expression: app.clinicDb.replace(/^req\b/, request.name), source: 'request' };
  if (request.kind === 'offered') return { expression: app.clinicDb, source: 'pattern' };
  return { expression: app.clinicDb.replace(/^req\./, ''), source: 'pattern' };
}

/** True for a function that takes `clinicDb` already. */
export function takesClinicDb(owner: ts.SignatureDeclaration): boolean {
  return owner.parameters.some(({ name }) => ts.isIdentifier(name) && name.text === CLINIC_DB);
}

/** Adds `clinicDb` to a handler's `({ params, body }, res)`, once; other functions have no such list. */
export function addToPattern(draft: Draft, owner: FunctionNode, name: string): void {
  if (draft.patterned.has(owner)) return;
  draft.patterned.add(owner);
  const request = requestOf(owner);
  if (request?.kind === 'offered') takeRequest(draft, owner);
  if (request?.kind !== 'pattern') return;
  const { elements } = request.pattern;
  const last = elements.at(-1);
  if (!/^[A-Za-z_$][\w$]*$/.test(name) || last?.dotDotDotToken !== undefined) {
    draft.problem('CODE_REQUEST_PATTERN', request.pattern, `${name} cannot be taken out of the request here`);
  } else if (!elements.some((element) => element.name.getText(draft.file) === name)) {
    requireUnused(draft, owner, name);
    if (last === undefined)
      draft.replace(request.pattern.getStart(draft.file), request.pattern.end, `{ ${name} }`);
    else draft.insert(last.end, `, ${name}`);
  }
}

/** Makes express-validator's `(value) => …` take `{ req }` too. */
function takeRequest(draft: Draft, owner: FunctionNode): void {
  const { file } = draft;
  const [first, second] = owner.parameters;
  requireUnused(draft, owner, 'req');
  if (second !== undefined && ts.isObjectBindingPattern(second.name)) {
    const last = second.name.elements.at(-1);
    if (last === undefined) draft.replace(second.name.getStart(file), second.name.end, '{ req }');
    else draft.insert((last.dotDotDotToken ?? last).getStart(file), 'req, ');
  } else if (first !== undefined) {
    const isBare = ts.isArrowFunction(owner) && !/^(async\s*)?\(/.test(owner.getText(file));
    draft.replace(
      first.getStart(file),
      first.end,
      isBare ? `(${first.getText(file)}, { req })` : `${first.getText(file)}, { req }`,
    );
  }
}

/** Makes `clinicDb` a function's first parameter, after TypeScript's `this`. */
export function addParameter(draft: Draft, owner: ts.SignatureDeclaration): void {
  const type = connectionType(draft);
  const [first] = owner.parameters;
  if (first?.name.getText(draft.file) === 'this') {
    draft.insert(first.end, `, ${CLINIC_DB}${type}`);
    return;
  }
  const isBare = ts.isArrowFunction(owner) && draft.file.text.charAt(owner.parameters.pos - 1) !== '(';
  if (isBare && first !== undefined) {
    draft.replace(
      first.getStart(draft.file),
      first.end,
      `(${CLINIC_DB}${type}, ${first.getText(draft.file)})`,
    );
  } else if (first === undefined) draft.insert(owner.parameters.pos, `${CLINIC_DB}${type}`);
  else draft.insert(first.getStart(draft.file), `${CLINIC_DB}${type},${gapBefore(draft, first)}`);
}

/** Passes an expression as a call's first argument, on a line of its own where the first one has one. */
export function passArgument(draft: Draft, call: ts.CallExpression, expression: string): void {
  const [first] = call.arguments;
  const { pos } = call.arguments;
  const gap = /^\s*/.exec(draft.file.text.slice(pos))?.[0] ?? '';
  if (first === undefined) draft.insert(pos, expression);
  else if (gap.includes('\n')) draft.insert(pos, `${gap}${expression},`);
  else draft.insert(first.getStart(draft.file), `${expression}, `);
}

/** What stands before an item of a list where each has a line of its own; a space otherwise. */
export function gapBefore({ file }: Draft, item: ts.Node): string {
  const gap = file.text.slice(item.pos, item.getStart(file));
  return /^\s*\n\s*$/.test(gap) ? gap : ' ';
}
