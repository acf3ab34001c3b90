import type { Choices } from './choices.js';
import { type Import, indent, type Modules, type Source } from './source.js';

export type ModelName = 'Clinic' | 'User' | 'Audit' | 'Drug' | 'Ward' | 'Patient' | 'Visit';

const ATTRIBUTES: Record<ModelName, string> = {
  Clinic: 'name: DataTypes.STRING, city: DataTypes.STRING',
  User: 'clinicId: DataTypes.INTEGER, name: DataTypes.STRING, email: DataTypes.STRING, token: DataTypes.STRING, role: DataTypes.STRING',
  Audit: 'userId: DataTypes.INTEGER, action: DataTypes.STRING',
  Drug: 'name: DataTypes.STRING, code: DataTypes.STRING',
  Ward: 'clinicId: DataTypes.INTEGER, name: { type: DataTypes.STRING, allowNull: false }, beds: DataTypes.INTEGER',
  Patient:
    'clinicId: DataTypes.INTEGER, name: { type: DataTypes.STRING, allowNull: false }, email: DataTypes.STRING, wardId: DataTypes.INTEGER',
  Visit:
    'clinicId: DataTypes.INTEGER, patientId: DataTypes.INTEGER, reason: DataTypes.STRING, cost: DataTypes.INTEGER',
};

export const MODELS = Object.keys(ATTRIBUTES) as ModelName[];

/** Each as the model, the kind, the other model, and the options. */
const ASSOCIATIONS: readonly [ModelName, string, ModelName, string][] = [
  ['Ward', 'hasMany', 'Patient', "{ as: 'patients', foreignKey: 'wardId' }"],
  ['Patient', 'belongsTo', 'Ward', "{ as: 'ward', foreignKey: 'wardId' }"],
  ['Patient', 'hasMany', 'Visit', "{ as: 'visits', foreignKey: 'patientId' }"],
  ['Visit', 'belongsTo', 'Patient', "{ as: 'patient', foreignKey: 'patientId' }"],
];

export const DEFINITIONS = [
  'define',
  'factory',
  'class',
  'class factory',
  'class and function',
  'one file',
  'helper',
  'constants',
] as const;
export type Definition = (typeof DEFINITIONS)[number];

/** Those whose models are made by whoever gives them a connection. */
export const MADE_LATER: readonly Definition[] = ['factory', 'class factory', 'class and function'];

export const fileOf = (model: ModelName): string => `models/${model.toLowerCase()}`;
const tableOf = (model: ModelName): string => `${model.toLowerCase()}s`;

/** The calls that associate a model, or all of them; `of` is put before every other model. */
export function associations(own: ModelName | undefined, of = '', self = of): string {
  return ASSOCIATIONS.filter(([model]) => own === undefined || own === model)
    .map(([model, kind, other, options]) => `${self}${model}.${kind}(${of}${other}, ${options});`)
    .join('\n');
}

export interface Definitions {
  readonly kind: Definition;
  /** `models`: each model associates itself; `index`: somebody does it for all. */
  readonly associating: 'in the model' | 'in the index';
  readonly sources: readonly Source[];
}

/** The files of the models; `connection` is how they get one where they do not wait for it. */
export function defineModels(choices: Choices, modules: Modules, connection: Import): Definitions {
  const kind = choices.pick('models', DEFINITIONS);
  if (kind === 'one file') return { kind, associating: 'in the index', sources: [] };
  const associating = choices.pick('associations', ['in the model', 'in the index'] as const);
  const naming = choices.pick('table names', ['written out', 'by the model'] as const);
  const shape: Shape = { kind, associating, naming, modules, connection };
  const sources = MODELS.map((model) => modelFile(model, shape));
  if (kind === 'helper') sources.push(helperFile(shape));
  if (kind === 'constants') sources.push(constantsFile());
  return { kind, associating, sources };
}

interface Shape extends Pick<Definitions, 'associating'> {
  readonly kind: Definition;
  readonly naming: 'written out' | 'by the model';
  readonly modules: Modules;
  readonly connection: Import;
}

const SEQUELIZE = (...names: string[]): Import => ({ from: 'sequelize', names });

/** The call that defines one model, on `sequelize`. */
export function defineCall(model: ModelName, naming: Shape['naming']): string {
  return `sequelize.define('${model}', { ${ATTRIBUTES[model]} }, ${optionsOf(model, naming)})`;
}

function optionsOf(model: ModelName, naming: Shape['naming'], more = ''): string {
  const all = [more, ...(naming === 'written out' ? [`tableName: '${tableOf(model)}'`] : [])];
  const written = all.filter((one) => one !== '').join(', ');
  return written === '' ? '{}' : `{ ${written} }`;
}

function modelFile(model: ModelName, shape: Shape): Source {
  const { kind, naming, connection } = shape;
  const path = fileOf(model);
  const attributes = `{ ${ATTRIBUTES[model]} }`;
  const own = shape.associating === 'in the model' ? associations(model, 'models.', '') : '';
  const attached = own === '' ? '' : `\n${model}.associate = (models«: any») => {\n${indent(own, 2)}\n};`;
  const init = `${model}.init(${attributes}, ${optionsOf(model, naming, `sequelize, modelName: '${model}'`)});`;
  const inner =
    own === ''
      ? ''
      : `\n  static associate(models«: any») {\n${indent(own.replaceAll(/^\w+/gm, 'this'), 4)}\n  }\n`;
  const classed = `class ${model} extends Model {${inner}}`;
  switch (kind) {
    case 'factory':
      return {
        path,
        imports: [],
        body: `const make${model} = (sequelize«: any», DataTypes«: any») => {\n${indent(`const ${model} = ${defineCall(model, naming)};${attached}\nreturn ${model};`, 2)}\n};`,
        exports: { one: `make${model}` },
      };
    case 'class factory':
      return {
        path,
        imports: [SEQUELIZE('Model')],
        body: `const make${model} = (sequelize«: any», DataTypes«: any») => {\n${indent(`${classed}\n${init}\nreturn ${model};`, 2)}\n};`,
        exports: { one: `make${model}` },
      };
    case 'class and function':
      return {
        path,
        imports: [SEQUELIZE('DataTypes', 'Model')],
        body: `${classed}\n\nconst init${model} = (sequelize«: any») => {\n  ${init}\n};`,
        exports: { names: [model, `init${model}`] },
      };
    case 'class':
      return {
        path,
        imports: [SEQUELIZE('DataTypes', 'Model'), connection],
        body: `${classed}\n\n${init}`,
        exports: { one: model },
      };
    case 'helper':
      return {
        path,
        imports: [SEQUELIZE('DataTypes'), { from: '#models/make', one: 'make' }],
        body: `const ${model} = make('${model}', ${attributes}, '${tableOf(model)}');${attached}`,
        exports: { one: model },
      };
    case 'constants':
      return {
        path,
        imports: [SEQUELIZE('DataTypes'), connection, { from: '#models/tables', one: 'tables' }],
        body: `const ${model} = sequelize.define(tables.${model}.model, ${attributes}, { tableName: tables.${model}.table });${attached}`,
        exports: { one: model },
      };
    default:
      return {
        path,
        imports: [SEQUELIZE('DataTypes'), connection],
        body: `const ${model} = ${defineCall(model, naming)};${attached}`,
        exports: { one: model },
      };
  }
}

function helperFile({ connection }: Shape): Source {
  return {
    path: 'models/make',
    imports: [connection],
    body: 'const make = (name«: string», attributes«: any», tableName«: string») =>\n  sequelize.define(name, attributes, { tableName });',
    exports: { one: 'make' },
  };
}

function constantsFile(): Source {
  const lines = MODELS.map((model) => `  ${model}: { model: '${model}', table: '${tableOf(model)}' },`);
  return {
    path: 'models/tables',
    imports: [],
    body: `const tables = {\n${lines.join('\n')}\n};`,
    exports: { one: 'tables' },
  };
}
