import type { ts } from 'ts-morph';
import type { Scope } from '../config/types.js';
import type { Location } from '../core/finding.js';

/** A Sequelize model of the application, wherever and however it is defined. */
export interface Model {
  /** As Sequelize and ModelFactory know it: `Patient`. */
  readonly name: string;
  /** Relative to the application's root, with forward slashes. */
  readonly file: string;
  readonly tableName: string;
  readonly scope: Scope;
  /** True for the clinic table's model: it lives in every clinic database and in the central one. */
  readonly directory: boolean;
  readonly location: Location;
}

/** The kind of database a model or a query belongs to. */
export type Database = 'clinic' | 'central';

/** Any function of the application. */
export type FunctionNode =
  | ts.FunctionDeclaration
  | ts.FunctionExpression
  | ts.ArrowFunction
  | ts.MethodDeclaration
  | ts.ConstructorDeclaration
  | ts.AccessorDeclaration;

/** What an expression stands for, as far as reading (never running) the source tells. */
export type Value =
  | { readonly kind: 'model'; readonly model: Model }
  /** The application's one global Sequelize instance, with the expression that makes it where that is seen. */
  | { readonly kind: 'connection'; readonly made?: ts.NewExpression }
  /** A connection to another database, which is none of the application's own, and what is had from it. */
  | { readonly kind: 'other database' }
  | { readonly kind: 'module'; readonly file: ts.SourceFile }
  | { readonly kind: 'object'; readonly node: ts.ObjectLiteralExpression }
  | { readonly kind: 'function'; readonly node: FunctionNode }
  | { readonly kind: 'class'; readonly node: ts.ClassLikeDeclaration }
  | { readonly kind: 'instance'; readonly node: ts.ClassLikeDeclaration }
  | { readonly kind: 'package'; readonly name: string; readonly member: string | undefined }
  /** The runtime's ModelFactory, or its getModel. */
  | { readonly kind: 'factory' }
  | { readonly kind: 'getModel' }
  /** A model or connection that belongs to one request already. */
  | { readonly kind: 'migrated' };

/** The databases in which a model has a table. */
export function databasesOf({ directory, scope }: Model): readonly Database[] {
  return directory ? ['clinic', 'central'] : databasesOfScope(scope);
}

/** The databases that have the tables of a scope: shared ones are copied into every clinic's and into central. */
export function databasesOfScope(scope: Scope): readonly Database[] {
  if (scope === 'ignored') return [];
  if (scope === 'shared') return ['clinic', 'central'];
  return scope === 'central' ? ['central'] : ['clinic'];
}

/** True where no database has both models' tables: neither can be joined with the other. */
export function areApart(one: Model, other: Model): boolean {
  const databases = databasesOf(other);
  return !databasesOf(one).some((database) => databases.includes(database));
}

/** True where every database that has the one model's table has the other's, too. */
export function isWherever(one: Model, other: Model): boolean {
  const databases = databasesOf(other);
  return databasesOf(one).every((database) => databases.includes(database));
}

/** The first of the models that no database has together with those before it. */
export function outOfReach(self: Model, models: readonly Model[]): Model | undefined {
  let common = databasesOf(self);
  for (const model of models) {
    const databases = databasesOf(model);
    common = common.filter((database) => databases.includes(database));
    if (common.length === 0) return model;
  }
  return undefined;
}
