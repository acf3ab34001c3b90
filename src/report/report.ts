import type { Finding } from '../core/finding.js';
import type { FindingCode } from '../core/finding-codes.js';
import type { TenancyGraph } from '../core/graph.js';

/** A table for people; JSON readers get the same facts in `data`. */
export interface ReportTable {
  readonly title?: string;
  readonly head: readonly string[];
  /** Numbers are aligned right and grouped. */
  readonly rows: readonly (readonly (string | number)[])[];
  /** Findings that the rows say already; people do not get them a second time. */
  readonly says?: readonly FindingCode[];
}

/** What a command has to say, whatever the format it is printed in. */
export interface Report {
  readonly command: string;
  /** False when there are findings of severity error or work is left: exit code 1. */
  readonly ok: boolean;
  readonly summary: Readonly<Record<string, string | number | boolean>>;
  readonly findings: readonly Finding[];
  /** Further members of the JSON object, such as `tables` and `clinics` of inspect. */
  readonly data?: Readonly<Record<string, unknown>>;
  /** For people: the text and html reporters. */
  readonly tables?: readonly ReportTable[];
  /** The picture of the svg and html reporters. */
  readonly graph?: TenancyGraph;
  /** Verbatim text for people, such as a diff; printed first. */
  readonly text?: string;
}
