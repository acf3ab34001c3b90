import type { QualifiedName } from '../core/identifiers.js';

export interface Column {
  readonly name: string;
  /** As format_type() prints it, e.g. `character varying(120)`. */
  readonly type: string;
  /** Quoted, ready for COLLATE; undefined where it is the database's own or the type has none. */
  readonly collation: string | undefined;
  /** True where equal values have equal texts: not so of numbers with a scale, say, or where case does not count. */
  readonly exact: boolean;
  readonly notNull: boolean;
  /** Generated columns are computed by the target and never copied. */
  readonly generated: boolean;
  readonly identity: 'always' | 'by default' | undefined;
}

/** A primary key or unique constraint (or unique index without expression or predicate). */
export interface UniqueKey {
  readonly name: string;
  readonly columns: readonly string[];
  readonly primary: boolean;
}

export interface ForeignKey {
  readonly name: string;
  readonly columns: readonly string[];
  readonly references: QualifiedName;
  readonly referencedColumns: readonly string[];
  /** For each column, how PostgreSQL compares the referenced value (left) with it, ready for SQL. */
  readonly operators: readonly string[];
  /** pg_get_constraintdef(): everything after the constraint's name. */
  readonly definition: string;
  readonly validated: boolean;
}

export interface Table extends QualifiedName {
  readonly kind: 'table' | 'partitioned' | 'foreign';
  /** Set on a partition: it is reached through this root and not listed as its own. */
  readonly parent: QualifiedName | undefined;
  /** The tables it inherits from, partitioned ones left out: its rows are its own. */
  readonly inherits: readonly QualifiedName[];
  readonly columns: readonly Column[];
  readonly keys: readonly UniqueKey[];
  readonly foreignKeys: readonly ForeignKey[];
  readonly rowSecurity: 'off' | 'enabled' | 'forced';
  readonly unlogged: boolean;
  /** The planner's estimate; -1 where it has none. */
  readonly estimatedRows: number;
}

export interface Sequence extends QualifiedName {
  /** The column that owns it (serial or identity), when one does. */
  readonly ownedBy: SequenceColumn | undefined;
  /** Whole-number columns that it counts: the one that owns it, and those whose default draws from it. */
  readonly columns: readonly SequenceColumn[];
}

export interface SequenceColumn {
  readonly table: QualifiedName;
  readonly column: string;
}

/** Anything besides tables and sequences, so that nothing is left out in silence. */
export interface SchemaObject extends QualifiedName {
  readonly kind:
    | 'view'
    | 'materialized view'
    | 'function'
    | 'type'
    | 'collation'
    | 'conversion'
    | 'operator'
    | 'operator class'
    | 'operator family'
    | 'text search configuration'
    | 'text search dictionary'
    | 'text search parser'
    | 'text search template'
    | 'extension'
    | 'reaching extension'
    | 'trigger'
    | 'policy'
    | 'rule'
    | 'statistics'
    | 'check constraint'
    | 'exclusion constraint'
    | 'index'
    | 'default'
    | 'access method'
    | 'cast'
    | 'event trigger'
    | 'foreign data wrapper'
    | 'foreign server'
    | 'language'
    | 'large objects'
    | 'publication'
    | 'subscription'
    | 'transform';
  /**
   * The table it hangs on, for triggers, constraints and the like; for views, the tables it reads; for casts, the types
   * and the function (without its arguments) that are neither PostgreSQL's nor an extension's.
   */
  readonly dependsOn: readonly QualifiedName[];
  /** What it does, as this server's version words it; undefined where its name says enough. */
  readonly definition: string | undefined;
}

/** An object outside of the schemas that were read, and one within that is nothing without it. */
export interface OutsideNeed {
  readonly schema: string;
  /** With its kind: `function tools.touch()`. */
  readonly object: string;
  readonly neededBy: string;
  /** The table or view that the needing one is or hangs on. */
  readonly relation: QualifiedName | null;
}

/** An object with everything that goes with it: a table with its row type, its triggers and checks. */
export interface Member extends QualifiedName {
  /** `relation`, `function`, `type`, or as pg_identify_object() says. */
  readonly kind: string;
  /** Of a function, its name and the types of its arguments, as a dump's headings have it. */
  readonly tag: string;
}

export interface Need {
  readonly object: Member;
  readonly needs: Member;
}

/** A database's schema as pg_catalog tells it; a value, in a fixed order. */
export interface SchemaCatalog {
  readonly serverVersion: number;
  readonly schemas: readonly string[];
  readonly tables: readonly Table[];
  readonly sequences: readonly Sequence[];
  readonly objects: readonly SchemaObject[];
  readonly outside: readonly OutsideNeed[];
  /** The schemas in which the application finds names without one, in order, and those of extensions. */
  readonly namePath: readonly string[];
  readonly needs: readonly Need[];
  /** The same path where tables cannot even be read without one, else nothing: see readsByNames(). */
  readonly readPath: readonly string[];
}

/** A column that may hold clinics' keys. */
export interface CandidateColumn {
  readonly table: QualifiedName & Pick<Table, 'kind'>;
  readonly column: string;
  /** The clinic table's column whose values it may hold: the key, or another unique one. */
  readonly clinicColumn: string;
}

/** What the values of a column are when held against the clinic keys; NULL counts for nothing. */
export interface ColumnProbe {
  readonly table: QualifiedName;
  readonly column: string;
  readonly clinicColumn: string;
  /** `none`: no value is a clinic's key; `empty`: there is no value. */
  readonly values: 'all clinics' | 'some clinics' | 'none' | 'empty';
  /** How many different values are no clinic's, and a few of them. */
  readonly unknown: { readonly count: number; readonly samples: readonly string[] };
}
