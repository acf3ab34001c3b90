import type { Choices } from './choices.js';
import {
  associations,
  type Definition,
  defineCall,
  defineModels,
  fileOf,
  MADE_LATER,
  MODELS,
  type ModelName,
} from './models.js';
import type { Import, Modules, Source } from './source.js';

/** How a file speaks to the database. */
export interface Reached {
  readonly imports: readonly Import[];
  /** The expression for a model, or for the connection. */
  readonly of: (name: ModelName | 'sequelize') => string;
}

export interface DataAccess {
  readonly sources: readonly Source[];
  readonly texts: readonly (readonly [path: string, text: string])[];
  /** True where the loader gives the models the scope `named`. */
  readonly hasScope: boolean;
  /** True where files go to the models themselves, past the index. */
  readonly isDirect: boolean;
  /** What a file that needs these models has to import, in one of the application's ways. */
  reach(choices: Choices, names: readonly (ModelName | 'sequelize')[]): Reached;
}

const CONNECTION: Import = { from: '#db', one: 'sequelize' };

/** The connection, the models, and what puts them together. */
export function drawDataAccess(choices: Choices, modules: Modules): DataAccess {
  const options = choices.pick('connection options', ['written there', 'in a file'] as const);
  const place = choices.pick('connection', ['own file', 'in the index'] as const);
  const definitions = defineModels(choices, modules, CONNECTION);
  const { kind, associating } = definitions;
  const isLater = MADE_LATER.includes(kind);
  const made = connectionCode(options, modules);
  const inIndex = place === 'in the index' && (isLater || kind === 'one file');
  const sources: Source[] = [...definitions.sources];
  if (!inIndex)
    sources.push({ path: 'db', imports: made.imports, body: made.body, exports: { one: 'sequelize' } });
  const loader = drawLoader(choices, modules, kind);
  const connection = inIndex ? made : { imports: [CONNECTION], body: '' };
  sources.push(indexFile({ kind, associating, loader, connection, modules }));
  const isDirect = loader === 'none';
  return {
    sources,
    texts: made.texts,
    isDirect,
    hasScope: loader === 'folder read, second step',
    reach: (own, names) => reach(own, names, { isDirect, inIndex }),
  };
}

type Loader = 'by hand' | 'folder read' | 'folder read, second step' | 'none';

function drawLoader(choices: Choices, modules: Modules, kind: Definition): Loader {
  const isReadable = modules === 'CommonJS' && (kind === 'factory' || kind === 'class factory');
  if (isReadable)
    return choices.pick('loader', ['by hand', 'folder read', 'folder read, second step'] as const);
  if (MADE_LATER.includes(kind) || kind === 'one file') return 'by hand';
  return choices.pick('loader', ['by hand', 'none'] as const);
}

function connectionCode(
  options: 'written there' | 'in a file',
  modules: Modules,
): { imports: Import[]; body: string; texts: [string, string][] } {
  const define = '{ underscored: true, timestamps: false }';
  const imports: Import[] = [{ from: 'sequelize', names: ['Sequelize'] }];
  if (options === 'written there') {
    const body = `const sequelize = new Sequelize(process.env.DATABASE_URL«!», { dialect: 'postgres', logging: false, define: ${define} });`;
    return { imports, body, texts: [] };
  }
  const ending = modules === 'TypeScript' ? 'ts' : 'js';
  const value = `{\n  dialect: 'postgres'${modules === 'TypeScript' ? ' as const' : ''},\n  logging: false,\n  define: ${define},\n}`;
  const text = modules === 'CommonJS' ? `module.exports = ${value};\n` : `export default ${value};\n`;
  return {
    imports: [...imports, { from: '#config/database', one: 'options' }],
    body: 'const sequelize = new Sequelize(process.env.DATABASE_URL«!», options);',
    texts: [[`config/database.${ending}`, text]],
  };
}

interface Index {
  readonly kind: Definition;
  readonly associating: 'in the model' | 'in the index';
  readonly loader: Loader;
  readonly connection: { readonly imports: readonly Import[]; readonly body: string };
  readonly modules: Modules;
}

/** models/index; where files go to the models themselves, it is only loaded for the associations. */
function indexFile(index: Index): Source {
  const { kind, loader, connection } = index;
  const exports = { names: ['sequelize', ...MODELS] };
  if (loader.startsWith('folder read')) return folderReader(index);
  const data: Import[] =
    (MADE_LATER.includes(kind) && kind !== 'class and function') || kind === 'one file'
      ? [{ from: 'sequelize', names: ['DataTypes'] }]
      : [];
  const models = kind === 'one file' ? [] : MODELS.map((model) => modelImport(model, kind));
  const body = [connection.body, ...MODELS.flatMap((model) => makeLine(model, kind)), associateLines(index)];
  return {
    path: 'models/index',
    imports: mergeImports([...data, ...connection.imports, ...models]),
    body: body.filter((part) => part !== '').join('\n'),
    exports,
  };
}

/** Two imports of names from one package as one. */
function mergeImports(imports: readonly Import[]): Import[] {
  const names = imports.filter(({ from }) => from === 'sequelize').flatMap((one) => one.names ?? []);
  const others = imports.filter(({ from }) => from !== 'sequelize');
  return names.length === 0 ? others : [{ from: 'sequelize', names }, ...others];
}

function modelImport(model: ModelName, kind: Definition): Import {
  const from = `#${fileOf(model)}`;
  if (kind === 'class and function') return { from, names: [model, `init${model}`] };
  return { from, one: MADE_LATER.includes(kind) ? `make${model}` : model };
}

function makeLine(model: ModelName, kind: Definition): string[] {
  if (kind === 'one file') return [`const ${model} = ${defineCall(model, 'written out')};`];
  if (kind === 'class and function') return [`init${model}(sequelize);`];
  return MADE_LATER.includes(kind) ? [`const ${model} = make${model}(sequelize, DataTypes);`] : [];
}

function associateLines({ associating, kind }: Index): string {
  if (associating === 'in the index') return associations(undefined);
  const list = `const models«: any» = { ${MODELS.join(', ')} };`;
  const each =
    'for (const model of Object.values(models)«as any[]») if (model.associate) model.associate(models);';
  return kind === 'one file' ? '' : `${list}\n${each.replace('«as', ' «as')}`;
}

function folderReader({ connection, associating, loader }: Index): Source {
  const second =
    "Object.keys(db).forEach((name) => {\n  if (db[name].rawAttributes && db[name].rawAttributes.clinicId) {\n    db[name].addScope('named', { where: { name: { [Op.ne]: null } } });\n  }\n});";
  const body = [
    'const basename = path.basename(__filename);\nconst db = {};',
    connection.body,
    `fs.readdirSync(__dirname)\n  .filter((file) => file !== basename && file.endsWith('.js'))\n  .forEach((file) => {\n    const model = require(path.join(__dirname, file))(sequelize, DataTypes);\n    db[model.name] = model;\n  });`,
    associating === 'in the index'
      ? associations(undefined, 'db.')
      : `Object.keys(db).forEach((name) => {\n  if (db[name].associate) db[name].associate(db);\n});`,
    loader === 'folder read' ? '' : second,
    'db.sequelize = sequelize;',
  ];
  return {
    path: 'models/index',
    imports: [
      { from: 'node:fs', one: 'fs' },
      { from: 'node:path', one: 'path' },
      ...mergeImports([
        { from: 'sequelize', names: loader === 'folder read' ? ['DataTypes'] : ['DataTypes', 'Op'] },
        ...connection.imports,
      ]),
    ],
    body: body.filter((part) => part !== '').join('\n\n'),
    exports: { one: 'db' },
  };
}

function reach(
  choices: Choices,
  names: readonly (ModelName | 'sequelize')[],
  { isDirect, inIndex }: { readonly isDirect: boolean; readonly inIndex: boolean },
): Reached {
  const models = names.filter((name): name is ModelName => name !== 'sequelize');
  const wantsConnection = names.includes('sequelize');
  if (isDirect) {
    const files = models.map((model): Import => ({ from: `#${fileOf(model)}`, one: model }));
    return { imports: [...files, ...(wantsConnection ? [CONNECTION] : [])], of: (name) => name };
  }
  const own = wantsConnection && !inIndex ? [CONNECTION] : [];
  const fromIndex = inIndex ? names : models;
  if (fromIndex.length === 0) return { imports: own, of: (name) => name };
  const style = choices.pick('reached by', ['names', 'object'] as const);
  if (style === 'names')
    return { imports: [{ from: '#models/index', names: fromIndex }, ...own], of: (name) => name };
  const of = (name: ModelName | 'sequelize'): string => (fromIndex.includes(name) ? `db.${name}` : name);
  return { imports: [{ from: '#models/index', all: 'db' }, ...own], of };
}
