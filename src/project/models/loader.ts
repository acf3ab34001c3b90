import { ts } from 'ts-morph';

/** An empty file that is taken for a loader of every model. */
export const ALL_MODELS = ts.createSourceFile('/models', 'readdirSync, DataTypes', ts.ScriptTarget.ESNext);

/** sequelize-cli's models/index.js, which reads its folder; or the stand-in for `sequelize.models`. */
export function isLoader(file: ts.SourceFile): boolean {
  return file.text.includes('readdirSync') && /DataTypes|sequelize\.import|\.associate\b/.test(file.text);
}
