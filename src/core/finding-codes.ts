/** Why a finding appears and how it is mended; docs/findings.md is generated from this. */
export interface FindingDoc {
  readonly cause: string;
  readonly mend: string;
}

/** Every code a report can carry. A code is never renamed or reused: scripts depend on it. */
export const FINDINGS = {
  TENANCY_UNRESOLVED: {
    cause: 'Nothing in the schema or in the configuration says whose the rows of this table are.',
    mend: 'Add the table to `tables` in the configuration: scope clinic (with key or via), shared, central or ignored.',
  },
} as const satisfies Record<string, FindingDoc>;

export type FindingCode = keyof typeof FINDINGS;
