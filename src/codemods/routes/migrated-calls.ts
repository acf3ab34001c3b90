import { ts } from 'ts-morph';
import { ownerOf } from '../../project/calls/handlers.js';
import type { FileUses, Use } from '../../project/calls/uses.js';
import { descendants, enclosingFunctions, isAssignment, unwrap } from '../../project/source/nodes.js';
import { shown } from '../../project/source/shown.js';
import { type Database, databasesOf, type FunctionNode, type Model } from '../../project/types.js';
import type { Draft, Drafts } from '../planning/draft.js';
import { connectionGiven } from '../queries/connection-arguments.js';
import { addToPattern, clinicDbOf, takesClinicDb } from '../services/clinic-db.js';
import { awaitModels } from './missing-await.js';

/** What is left to do for the calls of earlier hands. */
export interface Mended {
  /** Uses of models that are dealt with. */
  readonly claimed: ReadonlySet<Use>;
  /** Functions that speak of clinicDb now and do not take it. */
  readonly needing: readonly FunctionNode[];
}

/** Mends getModel calls that are there already: a missing `await`, a wrong connection, arguments the wrong way round. */
export function mendMigrated(drafts: Drafts): Mended {
  const all = [...drafts.analysis.uses.values()].map((fileUses) => mendFile(drafts, fileUses));
  return {
    claimed: new Set(all.flatMap(({ claimed }) => [...claimed])),
    needing: all.flatMap(({ needing }) => needing),
  };
}

function mendFile(drafts: Drafts, { file, uses }: FileUses): Mended {
  const { analysis } = drafts;
  const draft = drafts.of(file);
  const claimed = new Set<Use>();
  const needing = new Set<FunctionNode>();
  const calls = file.text.includes('getModel')
    ? descendants(file, ts.isCallExpression).filter((call) => {
        const owner = ownerOf(call);
        const isLeft = owner !== undefined && drafts.left.has(owner);
        return !isLeft && analysis.evaluator.valueOf(call.expression)?.kind === 'getModel';
      })
    : [];
  for (const call of calls) {
    const owner = ownerOf(call);
    if (owner === undefined)
      draft.problem('CODE_MODEL_AT_LOAD', call, 'getModel is called while the file loads');
    if (isKept(drafts, call))
      draft.problem('CODE_MODEL_KEPT', call, 'a model of one clinic is kept beyond the request');
    if (owner === undefined) continue;
    const [first, second] = call.arguments;
    const isTurned = first !== undefined && ts.isStringLiteralLike(first);
    const [given, name] = isTurned ? [second, first] : [first, second];
    const use = uses.find(({ node, model }) => node === name && model !== undefined);
    if (use?.model !== undefined) {
      claimed.add(use);
      if (use.root !== undefined) draft.replaced.add(use.root);
      const text = draft.style.quote + use.model.name + draft.style.quote;
      draft.replace(use.node.getStart(file), use.node.end, text);
    }
    const model = use?.model ?? modelNamed(drafts, draft, name);
    const text = connectionText(drafts, owner, given, model, call);
    if (text === undefined && !isTurned) continue;
    if (text === 'getCentralConnection()') draft.needs.add('getCentralConnection');
    else if (text !== undefined && speakClinicDb(drafts, draft, owner)) needing.add(owner);
    if (isTurned)
      draft.replace(
        first.getStart(file),
        (second ?? first).end,
        `${text ?? second?.getText(file)}, ${first.getText(file)}`,
      );
    else if (first !== undefined && text !== undefined) draft.replace(first.getStart(file), first.end, text);
  }
  awaitModels(
    draft,
    calls.filter((call) => ownerOf(call) !== undefined),
  );
  return { claimed, needing: [...needing] };
}

/** The model that a string names. */
function modelNamed({ analysis }: Drafts, draft: Draft, name: ts.Expression | undefined): Model | undefined {
  if (name === undefined || !ts.isStringLiteralLike(name)) return undefined;
  const found = analysis.registry.models.find((model) => model.name === name.text);
  if (found === undefined)
    draft.note('CODE_MODEL_NAME', 'error', name, `no model is called ${name.text}`, name.text);
  return found;
}

/** What must stand in place of the connection that is given; undefined where that is right, or cannot be told. */
function connectionText(
  drafts: Drafts,
  owner: FunctionNode,
  given: ts.Expression | undefined,
  model: Model | undefined,
  call: ts.CallExpression,
): string | undefined {
  const [database, other] = model === undefined ? [] : databasesOf(model);
  const clinicDb = clinicDbOf(drafts.analysis.project.app, owner);
  const text = (one: Database | undefined): string =>
    one === 'central' ? 'getCentralConnection()' : clinicDb.expression;
  const is = given === undefined ? 'undeclared' : connectionGiven(drafts.analysis, given);
  if (is === 'undeclared' || is === 'request') return text(database);
  const isOther = database !== undefined && other === undefined && database !== is;
  const seesClinic = clinicDb.source !== 'parameter' || takesClinicDb(owner);
  if ((is === 'clinic' || is === 'central') && isOther && (database === 'central' || seesClinic))
    return text(database);
  const isUnknown = is === 'unknown' || (is === 'central' && isOther);
  if (isUnknown && given !== undefined)
    drafts
      .of(call.getSourceFile())
      .note(
        'CODE_CLINIC_DB',
        'error',
        given,
        `nothing tells that ${shown(given)} is this clinic’s connection`,
      );
  return undefined;
}

/** True where the function must be given clinicDb to speak of it. */
function speakClinicDb({ analysis }: Drafts, draft: Draft, owner: FunctionNode): boolean {
  const { expression, source } = clinicDbOf(analysis.project.app, owner);
  addToPattern(draft, owner, expression);
  return source === 'parameter' && !takesClinicDb(owner);
}

/** True for `cached = await getModel(…)` with a name of the file or a property. */
function isKept({ analysis }: Drafts, call: ts.CallExpression): boolean {
  const target = ts.isAwaitExpression(call.parent) ? call.parent.parent : call.parent;
  if (!isAssignment(target) || unwrap(target.right) !== call) return false;
  if (!ts.isIdentifier(target.left)) return true;
  const declaration = analysis.evaluator.declarationOf(target.left);
  return declaration !== undefined && enclosingFunctions(declaration).length === 0;
}
