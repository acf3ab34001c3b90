/** A privilege that somebody holds on an object, or on one column of it. */
export interface Grant {
  /** Undefined for PUBLIC. */
  readonly grantee: string | undefined;
  readonly privilege: string;
  /** True where the grantee may hand it on. */
  readonly grantable: boolean;
  readonly column: string | undefined;
}

/** Privileges on single columns, by column. */
export type ColumnPrivileges = Readonly<Record<string, readonly string[]>>;

/** An object that privileges can be granted on. */
export interface AccessObject {
  /** As pg_identify_object() calls it: table, view, sequence, function, procedure, aggregate, type, schema, language … */
  readonly kind: string;
  /** As pg_identify_object() writes it, ready for SQL. */
  readonly identity: string;
  /** Undefined for what is in no schema. */
  readonly schema: string | undefined;
  /** Not quoted; without arguments. */
  readonly name: string;
  readonly owner: string;
  /** True where the owner was deprived of what every owner has. */
  readonly ownerLacks: boolean;
  /** Of everybody but the owner; what PUBLIC has from the beginning is among them. */
  readonly grants: readonly Grant[];
  /** What a database has from the beginning, for PostgreSQL's own objects and extensions' members; undefined for others. */
  readonly initial: readonly Grant[] | undefined;
}

/** What a role may do with an object, in whatever way it has come by it. */
export interface Effective {
  readonly privileges: readonly string[];
  /** Where it may not do it with the whole. */
  readonly columns: ColumnPrivileges;
}

/** The login that the application connects to the legacy database with. */
export interface AppLogin {
  readonly name: string;
  readonly superuser: boolean;
  /** Roles whose privileges it has without a word, itself included. */
  readonly roles: ReadonlySet<string>;
}

/** Who may do what in the legacy database. */
export interface LegacyAccess {
  readonly login: AppLogin;
  readonly objects: readonly (AccessObject & { readonly effective: Effective })[];
  readonly superusers: ReadonlySet<string>;
  /** Privileges on what a role makes later, as ALTER DEFAULT PRIVILEGES has set them. */
  readonly later: readonly { readonly role: string; readonly grantee: string | undefined }[];
}
