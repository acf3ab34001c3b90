import { ts } from 'ts-morph';
import type { Analysis } from '../../project/analysis.js';
import {
  type DecoratedAssociation,
  decoratedAssociations,
  isNamedByDecorator,
  modelsInScopes,
} from '../../project/models/decorators.js';
import { descendants } from '../../project/source/nodes.js';
import { areApart, type Model, outOfReach } from '../../project/types.js';
import type { Draft } from '../planning/draft.js';
import { noteSevered } from './associations.js';
import type { DecoratedShape } from './decorated-class.js';
import { writeClass } from './write-class.js';

/** Exports the class by its name and `decorated(Patient)` as the default; takes out associations that join two databases. */
export function rewriteDecorated({ evaluator }: Analysis, draft: Draft, shape: DecoratedShape): void {
  const { file, style } = draft;
  const { node, model, local, exported } = shape;
  writeClass(draft, { node, model, exported: undefined }, (name) => isNamedByDecorator(evaluator, name));
  draft.needs.add('decorated');
  const call = `decorated(${local})`;
  if (exported === undefined) draft.insert(node.end, `\n\nexport default ${call}${style.end}`);
  else draft.replace(exported.expression.getStart(file), exported.expression.end, call);
  for (const one of decoratedAssociations(evaluator, node)) severIfApart(draft, model, one);
  for (const one of modelsInScopes(evaluator, node).filter(({ model: other }) => areApart(model, other)))
    draft.problem(
      'CODE_MODEL_IN_MODEL',
      one.node,
      `a scope of ${model.name} includes ${one.model.name}, which is in another database`,
      model.name,
    );
}

/** Takes a decorator out whose association joins two databases; the property stays, as the type that it is. */
function severIfApart(draft: Draft, self: Model, { decorator, alias, models }: DecoratedAssociation): void {
  const { file } = draft;
  const other = outOfReach(self, models);
  if (other === undefined) return;
  noteSevered(draft, self, other, decorator, alias);
  for (const name of descendants(decorator, ts.isIdentifier)) draft.replaced.add(name);
  const blanks = /^[ \t]*(?=\S)/.exec(file.text.slice(decorator.end))?.[0] ?? '';
  draft.remove(decorator.getStart(file), decorator.end + blanks.length);
}
