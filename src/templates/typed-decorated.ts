import type { Typed } from './typed-lines.js';

/** The types of decorated. */
export const DECORATED: readonly Typed[] = [
  [
    'import { getAssociations, getAttributes, getIndexes, getModelName, getOptions, installHooks, resolveScopes } from',
    `import type { FindOptions, Includeable, Model, ModelScopeOptions, ModelStatic, Sequelize } from 'sequelize';
import {
  type Association,
  getAssociations,
  getAttributes,
  getIndexes,
  getModelName,
  getOptions,
  installHooks,
  type ModelCtor,
  resolveScopes,
  type Sequelize as DecoratedSequelize,
} from`,
  ],
  [
    '/**\n * `{ define',
    `interface Definition<M> {
  define(sequelize: Sequelize): M;
  associate(clinicDb: Sequelize): void;
}

type Associate = (target: unknown, options: unknown) => unknown;

interface Decorated {
  readonly prototype: unknown;
}

interface Including {
  include?: Includeable | Includeable[];
}

/**
 * \`{ define`,
  ],
  ['function decorated(model) {', 'function decorated<M extends ModelCtor>(model: M): Definition<M> {'],
  ['class extends model {}', 'class extends (model as ModelCtor) {}'],
  ['return Bound;', 'return Bound as unknown as M;'],
  [
    'const Bound = clinicDb.model(modelName);',
    'const Bound = clinicDb.model(modelName) as unknown as ModelCtor;',
  ],
  [
    'const given = { model: (of) => clinicDb.model(getModelName(of.prototype)) };',
    'const given = { model: (of: Decorated) => clinicDb.model(getModelName(of.prototype)) };',
  ],
  [
    'if (target) Bound[association.getAssociation()](target, association.getSequelizeOptions(Bound, given));',
    `if (target) {
          const options = association.getSequelizeOptions(Bound, given as unknown as DecoratedSequelize);
          (Bound as unknown as Record<Association, Associate>)[association.getAssociation()](target, options);
        }`,
  ],
  [
    'function bindScopes(Bound, clinicDb) {',
    'function bindScopes(Bound: ModelCtor, clinicDb: Sequelize): void {',
  ],
  ['const all = {', 'const all: ModelScopeOptions = {'],
  ['Bound.addScope(name, own, {', 'Bound.addScope(name, own as FindOptions, {'],
  ['const bind = (found) =>', 'const bind = (found: FindOptions): FindOptions =>'],
  ['(...given) => bind(', '(...given: readonly unknown[]): FindOptions => bind('],
  [
    'function bindIncludes(options, clinicDb) {',
    'function bindIncludes<O extends Including>(options: O, clinicDb: Sequelize): O {',
  ],
  [
    'function bindInclude(one, clinicDb) {',
    'function bindInclude(one: Includeable, clinicDb: Sequelize): Includeable {',
  ],
  [
    'if (!one.model) return one;',
    "if (typeof one === 'string' || !('model' in one) || !one.model) return one;",
  ],
  [
    'function ownModel({ prototype }, { models }) {\n  return models[getModelName(prototype)];',
    'function ownModel({ prototype }: Decorated, { models }: Sequelize): ModelStatic<Model> {\n  return models[getModelName(prototype)] as ModelStatic<Model>;',
  ],
];
