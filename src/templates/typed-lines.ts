/** A piece of a runtime file as an ES module, and the same with its types. Each piece is found once. */
export type Typed = readonly [plain: string, typed: string];

export const MODEL_FACTORY: readonly Typed[] = [
  [
    'import { isCentralConnection }',
    "import type { Model, ModelStatic, Sequelize } from 'sequelize';\nimport { isCentralConnection }",
  ],
  [
    'class ModelFactory {\n  static async getModel(connection, name) {',
    `class ModelFactory {
  static async getModel<Name extends ModelName>(
    connection: Sequelize | undefined,
    name: Name,
  ): Promise<ModelOf<Name>> {`,
  ],
  [
    'return connection.model(name);',
    'return connection.model(name) as ModelStatic<Model> as unknown as ModelOf<Name>;',
  ],
  [
    '// Promises by connection',
    `type Definitions = typeof MODEL_MAP & typeof CENTRAL_MODEL_MAP;

/** The names by which models are asked for. */
export type ModelName = keyof Definitions & string;

/** What \`define\` of a model's file gives. */
export type ModelOf<Name extends ModelName> = ReturnType<Definitions[Name]['define']>;

interface Definition {
  define(sequelize: Sequelize): unknown;
  associate?(clinicDb: Sequelize): unknown;
}

// Promises by connection`,
  ],
  ['new WeakMap()', 'new WeakMap<Sequelize, Promise<void>>()'],
  [
    'function bind(connection, models) {',
    'function bind(connection: Sequelize, models: Readonly<Record<string, Definition>>): Promise<void> {',
  ],
  [
    'async function defineAll(connection, models) {',
    'async function defineAll(connection: Sequelize, models: Readonly<Record<string, Definition>>): Promise<void> {',
  ],
  ['const models = isCentral', 'const models: Readonly<Record<string, Definition>> = isCentral'],
  ['function notFound(name, isCentral) {', 'function notFound(name: string, isCentral: boolean): string {'],
];

export const REPOSITORY: readonly Typed[] = [
  [
    'import ModelFactory from',
    `import type {
  CountOptions,
  CreateOptions,
  CreationAttributes,
  DestroyOptions,
  FindAndCountOptions,
  FindOptions,
  Identifier,
  Model,
  ModelStatic,
  Sequelize,
  UpdateOptions,
} from 'sequelize';
import ModelFactory, { type ModelName } from`,
  ],
  [
    '/** Base',
    `/** What a query takes where the model is known by its name alone. */
type Values = CreationAttributes<Model>;

/** Base`,
  ],
  ['static get modelName() {', 'static get modelName(): string {'],
  ['static getModel(clinicDb) {', 'static getModel(clinicDb: Sequelize): Promise<ModelStatic<Model>> {'],
  [
    'return ModelFactory.getModel(clinicDb, this.modelName);',
    'return ModelFactory.getModel(clinicDb, this.modelName as ModelName) as Promise<unknown> as Promise<ModelStatic<Model>>;',
  ],
  ['findAll(clinicDb, options) {', 'findAll(clinicDb: Sequelize, options?: FindOptions): Promise<Model[]> {'],
  [
    'findOne(clinicDb, options) {',
    'findOne(clinicDb: Sequelize, options?: FindOptions): Promise<Model | null> {',
  ],
  [
    'findByPk(clinicDb, id, options) {',
    "findByPk(\n    clinicDb: Sequelize,\n    id: Identifier,\n    options?: Omit<FindOptions, 'where'>,\n  ): Promise<Model | null> {",
  ],
  [
    'findAndCountAll(clinicDb, options) {',
    "findAndCountAll(\n    clinicDb: Sequelize,\n    options?: Omit<FindAndCountOptions, 'group'>,\n  ): Promise<{ rows: Model[]; count: number }> {",
  ],
  [
    'count(clinicDb, options) {',
    "count(clinicDb: Sequelize, options?: Omit<CountOptions, 'group'>): Promise<number> {",
  ],
  [
    'create(clinicDb, values, options) {',
    'create(clinicDb: Sequelize, values: Values, options?: CreateOptions): Promise<Model> {',
  ],
  [
    'update(clinicDb, values, options) {',
    'update(clinicDb: Sequelize, values: Values, options: UpdateOptions): Promise<[affected: number]> {',
  ],
  [
    'destroy(clinicDb, options) {',
    'destroy(clinicDb: Sequelize, options?: DestroyOptions): Promise<number> {',
  ],
];

export const ROUTING: readonly Typed[] = [
  [
    'import { ClinicUnavailableError',
    `import type { NextFunction, Request, Response } from 'express';
import type { Sequelize } from 'sequelize';
import { ClinicUnavailableError`,
  ],
  [
    'const RETRY_AFTER',
    `declare global {
  namespace Express {
    interface Request {
      /** The database of the clinic that asks; clinicRoutingMiddleware sets it. */
      __CLINIC_DB_TYPE__;
    }
  }
}

const RETRY_AFTER`,
  ],
  [
    'clinicRoutingMiddleware(req, res, next) {\n',
    `clinicRoutingMiddleware(
  request: Request,
  res: Response,
  next: NextFunction,
): Promise<unknown> {
  const req = request as Request & __CLINIC_ID_TYPE__;
`,
  ],
];
