import { ts } from 'ts-morph';
import { ownFile } from '../../project/source/modules.js';
import { requiredSpecifier } from '../../project/source/nodes.js';
import type { Drafts } from '../planning/draft.js';
import { isModelsIndex } from './models-index.js';
import { shapeOf } from './shape.js';

/** Lets the files that gather models require those as a whole that were members of their files' exports until now. */
export function migrateNamedRequires(drafts: Drafts): void {
  const { analysis } = drafts;
  const named = new Set<ts.SourceFile>();
  for (const file of analysis.registry.inFile.keys()) {
    const shape = shapeOf(analysis, file);
    if (shape?.kind === 'inline' && shape.given === 'member') named.add(file);
  }
  if (named.size === 0) return;
  for (const file of analysis.uses.keys()) {
    if (!isModelsIndex(drafts, file)) continue;
    for (const statement of file.statements.filter(ts.isVariableStatement)) {
      for (const { name: pattern, initializer } of statement.declarationList.declarations) {
        const specifier = initializer && requiredSpecifier(initializer);
        const target = specifier === undefined ? undefined : ownFile(analysis.project, file, specifier);
        if (target === undefined || !named.has(target)) continue;
        drafts.link(file, target);
        const [element, ...others] = ts.isObjectBindingPattern(pattern) ? pattern.elements : [];
        if (element !== undefined && others.length === 0)
          drafts.of(file).replace(pattern.getStart(file), pattern.end, element.name.getText(file));
      }
    }
  }
}
