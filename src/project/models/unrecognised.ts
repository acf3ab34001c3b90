import { ts } from 'ts-morph';
import type { Analysis } from '../analysis.js';
import { isRuntime } from '../source/modules.js';
import { descendants } from '../source/nodes.js';

/**
 * Where an application seems to have models and none is recognised: what looks most like one, a definition, a class, a
 * query. Undefined where a model is known, and where Sequelize only runs SQL.
 */
export function unrecognisedModels({ registry, project, uses }: Analysis): ts.Node | undefined {
  if (registry.models.length > 0) return undefined;
  const own = project.files.filter(({ fileName }) => !isRuntime(project.app, fileName));
  if (!own.some(({ text }) => /['"]sequelize(-typescript)?['"]/.test(text))) return undefined;
  const classes = own.flatMap((file) => descendants(file, ts.isClassLike).filter(isModelClass));
  const queries = [...uses.values()].flatMap(({ unknown }) => unknown);
  return [...registry.unnamed, ...classes, ...queries][0];
}

/** True for `class Patient extends Model`. */
function isModelClass({ heritageClauses }: ts.ClassLikeDeclaration): boolean {
  return (
    heritageClauses?.some(({ types }) => types.some((one) => /^([\w$]+\.)?Model\b/.test(one.getText()))) ===
    true
  );
}
