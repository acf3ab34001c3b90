/** Why a finding appears and how it is mended; docs/findings.md is generated from this. */
export interface FindingDoc {
  readonly cause: string;
  readonly mend: string;
}
