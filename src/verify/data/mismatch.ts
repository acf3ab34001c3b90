import type { Digest } from '../../catalog/digest.js';
import type { Finding } from '../../core/finding.js';
import { displayName, type QualifiedName } from '../../core/identifiers.js';
import type { Clinic } from '../../tenancy/types.js';
import type { Differences } from './differences.js';
import { countRows, showClinic, showKeys } from './words.js';

/** A table whose rows in one database are not the legacy rows that belong there. */
export interface Mismatch {
  readonly table: QualifiedName;
  /** In words: the clinic, or the central database. */
  readonly place: string;
  readonly expected: Digest;
  readonly actual: Digest;
  /** Undefined where only the sums were compared. */
  readonly differences: Differences | undefined;
  /** Rows that are too many, by id, and whose they are; undefined for a row that has no place at all. */
  readonly foreign: ReadonlyMap<string, Clinic | undefined>;
}

/** What a mismatch has to tell; never empty. */
export function mismatchFindings(mismatch: Mismatch): Finding[] {
  const { differences, foreign, expected, actual, place } = mismatch;
  const subject = displayName(mismatch.table);
  const found = (code: Finding['code'], message: string): Finding => ({
    code,
    severity: 'error',
    subject,
    message: `${place}: ${message}`,
  });
  const known = differences ?? { missing: [], extra: [], changed: [], partial: false };
  const say = (keys: readonly string[]): string =>
    `${known.partial ? 'at least ' : ''}${countRows(keys.length)} of ${subject}`;
  const list = (keys: readonly string[]): string => showKeys(keys, keys.length);
  const findings: Finding[] = [];
  if (known.missing.length > 0)
    findings.push(
      found(
        'DATA_ROWS_MISSING',
        `${say(known.missing)} missing, of ${expected.rows} that belong there: ${list(known.missing)}`,
      ),
    );
  if (known.changed.length > 0)
    findings.push(
      found(
        'DATA_ROWS_CHANGED',
        `${say(known.changed)} with other values than in the legacy database: ${list(known.changed)}`,
      ),
    );
  const surplus = known.extra.filter((id) => !foreign.has(id));
  if (surplus.length > 0)
    findings.push(
      found(
        'DATA_ROWS_EXTRA',
        `${say(surplus)} that do not belong there, or are there twice: ${list(surplus)}`,
      ),
    );
  for (const [owner, ids] of byOwner(foreign))
    findings.push(foreignFinding(place, mismatch.table, ids.length, ids, owner));
  if (findings.length > 0) return findings;
  const code =
    actual.rows < expected.rows
      ? 'DATA_ROWS_MISSING'
      : actual.rows > expected.rows
        ? 'DATA_ROWS_EXTRA'
        : 'DATA_ROWS_CHANGED';
  return [
    found(
      code,
      actual.rows === expected.rows
        ? `the ${countRows(actual.rows)} of ${subject} have other values than in the legacy database`
        : `${countRows(actual.rows)} of ${subject}, and ${expected.rows} belong there`,
    ),
  ];
}

/** Rows that are in a database and are not its clinic's. */
export function foreignFinding(
  place: string,
  table: QualifiedName,
  rows: number,
  ids: readonly string[],
  owner: Clinic | undefined,
): Finding {
  const whose = owner === undefined ? 'of another clinic or of none' : `of ${showClinic(owner)}`;
  return {
    code: 'DATA_FOREIGN_ROWS',
    severity: 'error',
    subject: displayName(table),
    message: `${place}: its database holds ${countRows(rows)} of ${displayName(table)} ${whose}: ${showKeys(ids, rows)}`,
  };
}

function byOwner(foreign: ReadonlyMap<string, Clinic | undefined>): Map<Clinic | undefined, string[]> {
  const groups = new Map<Clinic | undefined, string[]>();
  for (const [id, owner] of foreign) groups.set(owner, [...(groups.get(owner) ?? []), id]);
  return groups;
}
