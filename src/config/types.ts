/** What becomes of a table's rows. */
export type Scope = 'clinic' | 'shared' | 'central' | 'ignored';

/** A way from a table to another, as written in the configuration. */
export interface ViaReference {
  readonly column: string;
  /** `table.column` or `schema.table.column`. */
  readonly references: string;
  /** SQL condition on this table's row under which the reference holds (polymorphic pairs). */
  readonly when?: string | undefined;
}

/** A column that carries a declared foreign key, or a reference the database does not know. */
export type Via = string | ViaReference;

/** What the user says of one table; overrides what is inferred. */
export interface TableConfig {
  readonly scope: Scope;
  readonly key?: string | undefined;
  readonly via?: Via | readonly Via[] | undefined;
  /** `shared`: rows whose key is NULL go to every clinic. */
  readonly nullKey?: 'shared' | undefined;
  /** On a central table: the rows a clinic points at are copied into its database as well. */
  readonly copyReferenced?: boolean | undefined;
  /** Columns that rightly name another clinic than the row's own (a referral): values, no rules. */
  readonly otherClinics?: readonly string[] | undefined;
  /** Columns whose values are large objects' oids: the objects go where the row goes. Those of type lo are known. */
  readonly largeObjects?: readonly string[] | undefined;
}

export interface ClinicsConfig {
  readonly table?: string | undefined;
  readonly key?: string | undefined;
  readonly label?: string | undefined;
  /** Pattern with {key} or {label}. */
  readonly database: string;
  /** Databases of single clinics, by key, in place of what the pattern gives. */
  readonly names?: Readonly<Record<string, string>> | undefined;
  /** A server's name, `least-loaded`, or a map from clinic key to server name. */
  readonly server: string | Readonly<Record<string, string>>;
}

export interface AppConfig {
  /** Absolute, resolved against the configuration file. */
  readonly root: string;
  /** The following paths are relative to `root`. */
  readonly models: string;
  readonly modelFactory: string;
  readonly clinicDb: string;
  readonly clinicId: string;
  readonly server: string;
  readonly authMiddleware: string;
  readonly modelScopes: Readonly<Record<string, Scope>>;
}

/** Validated and frozen; sections a command does not need may be absent. */
export interface Config {
  /** The file it came from, or undefined where there is none. */
  readonly file: string | undefined;
  /** Folder of the file, else the working directory; `.clinic-migrate/` lives here. */
  readonly directory: string;
  /** Variables that the database sections name and the environment lacks; see requireSection(). */
  readonly unset: readonly { readonly path: string; readonly name: string }[];
  readonly legacy:
    | {
        readonly url: string;
        readonly schemas: readonly string[];
        /** The login that the application connects to the legacy database with. */
        readonly login?: string | undefined;
      }
    | undefined;
  readonly central: { readonly url: string } | undefined;
  readonly servers: Readonly<Record<string, { readonly url: string }>>;
  readonly clinics: ClinicsConfig;
  readonly tables: Readonly<Record<string, TableConfig>>;
  readonly unassignable: 'stop' | 'quarantine';
  /** `leave`: large objects that no row names stay behind, and rows may name some that are not there. */
  /** Extensions that reach out of the database, and are made all the same. */
  readonly extensions: readonly string[];
  readonly largeObjects: 'stop' | 'leave';
  readonly access: {
    /** The operator's own logins, beside superusers, that may get into clinics' databases. */
    readonly logins: readonly string[];
  };
  readonly app: AppConfig;
}
