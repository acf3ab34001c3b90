/** What becomes of a table's rows; see Scope of the configuration. `unresolved` where nothing says so yet. */
export type GraphScope = 'clinic' | 'shared' | 'central' | 'ignored' | 'unresolved';

/**
 * What a reference from table to table is for.
 *  rule     tells whose a row is
 *  witness  another way to the clinic, which must agree wherever it gives one
 *  key      any other foreign key; both ends are in one database
 *  dropped  a foreign key between two databases; its column keeps the value
 *  copied   a foreign key between two databases that stays, since the rows it refers to are copied
 */
export type GraphEdgeKind = 'rule' | 'witness' | 'key' | 'dropped' | 'copied';

export interface GraphNode {
  /** Unique within the graph; not for people. */
  readonly id: string;
  /** `schema.table`, as stored in the catalog. */
  readonly name: string;
  /** The shortest name that the configuration knows it by. */
  readonly shortName: string;
  readonly scope: GraphScope;
  /** True for the table whose rows are the clinics. */
  readonly isClinicTable: boolean;
  readonly rows: number;
  /** The rule in words; empty where there is none. */
  readonly rule: string;
  /** What else there is to know of the table, a few words each. */
  readonly notes: readonly string[];
}

export interface GraphEdge {
  /** The ids of two nodes, or twice the same one. */
  readonly from: string;
  readonly to: string;
  readonly kind: GraphEdgeKind;
  /** The referring column or columns, with what limits them. */
  readonly label: string;
}

/** The tenancy map as nodes and edges: what the picture shows, however it is drawn. */
export interface TenancyGraph {
  readonly nodes: readonly GraphNode[];
  readonly edges: readonly GraphEdge[];
}
