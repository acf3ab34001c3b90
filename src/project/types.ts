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
export type Home = 'clinic' | 'central';

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
export function homesOf(model: Model): readonly Home[] {
  if (model.directory) return ['clinic', 'central'];
  if (model.scope === 'ignored') return [];
  return model.scope === 'central' ? ['central'] : ['clinic'];
}

/** True where no database has both models' tables: neither can be joined with the other. */
export function areApart(one: Model, other: Model): boolean {
  const homes = homesOf(other);
  return !homesOf(one).some((home) => homes.includes(home));
}
