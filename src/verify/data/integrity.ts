import { rowsOf } from '../../catalog/rows.js';
import type { ForeignKey, Table } from '../../catalog/types.js';
import type { Finding } from '../../core/finding.js';
import { inDatabase } from '../../core/hints.js';
import { displayName, quoteIdent, quoteLiteral, quoteName, sameName } from '../../core/identifiers.js';
import type { Session } from '../../core/ports.js';
import { databaseOf } from '../../core/urls.js';
import { equal } from './equality.js';
import type { VerifyDataOptions } from './options.js';
import { rowId } from './rows.js';
import type { Subject } from './subject.js';
import { countRows, SAMPLES, showKeys } from './words.js';

/** Sequences that own a whole-number column, or that its default draws from. */
const SEQUENCES = `
  SELECT sn.nspname::text AS sequence_schema, s.relname::text AS sequence_name, tn.nspname::text AS schema,
         t.relname::text AS name, a.attname::text AS "column", q.seqincrement::text AS step
    FROM (SELECT d.objid AS sequence, d.refobjid AS relation, d.refobjsubid AS attnum
            FROM pg_catalog.pg_depend d
           WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.refclassid = 'pg_catalog.pg_class'::regclass
             AND d.deptype IN ('a', 'i') AND d.refobjsubid > 0
          UNION
          SELECT d.refobjid, ad.adrelid, ad.adnum
            FROM pg_catalog.pg_attrdef ad
            JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_attrdef'::regclass AND d.objid = ad.oid
                 AND d.refclassid = 'pg_catalog.pg_class'::regclass) AS l
    JOIN pg_catalog.pg_sequence q ON q.seqrelid = l.sequence
    JOIN pg_catalog.pg_class s ON s.oid = l.sequence
    JOIN pg_catalog.pg_namespace sn ON sn.oid = s.relnamespace
    JOIN pg_catalog.pg_class t ON t.oid = l.relation AND t.relkind IN ('r', 'p') AND NOT t.relispartition
    JOIN pg_catalog.pg_namespace tn ON tn.oid = t.relnamespace
    JOIN pg_catalog.pg_attribute a ON a.attrelid = l.relation AND a.attnum = l.attnum
         AND a.atttypid IN ('int2'::regtype, 'int4'::regtype, 'int8'::regtype)
   WHERE tn.nspname = ANY ($1::text[]) ORDER BY 3, 4, 5, 1, 2`;

type Owned = Record<'sequence_schema' | 'sequence_name' | 'schema' | 'name' | 'column' | 'step', string>;

/** Sequences whose next number their column has already, or has passed. */
export async function sequenceFindings(
  session: Session,
  schemas: readonly string[],
  { place, url }: Subject,
): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const owned of await session.query<Owned>(SEQUENCES, [schemas])) {
    const sequence = { schema: owned.sequence_schema, name: owned.sequence_name };
    const ascending = BigInt(owned.step) > 0n;
    const [found] = await session.query<{ last: string; called: boolean; reached: string | null }>(
      `SELECT s.last_value::text AS last, s.is_called AS called,
              (SELECT ${ascending ? 'max' : 'min'}(${quoteIdent(owned.column)})::text FROM ${quoteName(owned)}) AS reached
         FROM ${quoteName(sequence)} AS s`,
    );
    if (found === undefined || found.reached === null) continue;
    const next = BigInt(found.last) + (found.called ? BigInt(owned.step) : 0n);
    const reached = BigInt(found.reached);
    if (ascending ? next > reached : next < reached) continue;
    findings.push({
      code: 'DATA_SEQUENCE_BEHIND',
      severity: 'error',
      subject: displayName(sequence),
      message: `${place}: the sequence ${displayName(sequence)} will give ${next} next, and ${displayName(owned)}.${owned.column} has reached ${reached}`,
      hint: inDatabase(
        databaseOf(url),
        `SELECT pg_catalog.setval(${quoteLiteral(quoteName(sequence))}, ${reached})`,
      ),
    });
  }
  return findings;
}

/** Rows whose foreign key points at nothing, looked for row by row: a constraint may have been switched off. */
export async function orphanFindings(
  session: Session,
  { catalog, map }: Pick<VerifyDataOptions, 'catalog' | 'map'>,
  tables: readonly Table[],
  { place, url }: Subject,
): Promise<Finding[]> {
  const isDropped = (table: Table, key: ForeignKey): boolean =>
    map.crossingKeys.some(
      ({ table: from, constraint, outcome }) =>
        outcome === 'dropped' && constraint === key.name && sameName(from, table),
    );
  const findings: Finding[] = [];
  for (const table of tables) {
    for (const key of table.foreignKeys) {
      const parent = tables.find((candidate) => sameName(candidate, key.references));
      if (parent === undefined || isDropped(table, key)) continue;
      // A PERIOD matches what overlaps.
      if (!key.validated || /\bPERIOD\b/.test(key.definition)) continue;
      const found = await orphansOf(session, table, key, parent);
      if (found.rows === 0) continue;
      findings.push({
        code: 'DATA_ORPHANS',
        severity: 'error',
        subject: displayName(table),
        message: `${place}: ${countRows(found.rows)} of ${displayName(table)} refer by ${key.name} to rows of ${displayName(key.references)} that are not there: ${showKeys(found.samples, found.rows)}`,
      });
    }
  }
  return [...findings, ...(await switchedOff(session, catalog.schemas, { place, url }))];
}

async function orphansOf(session: Session, table: Table, key: ForeignKey, parent: Table) {
  const on = key.columns.map((column, i) => {
    const referenced = key.referencedColumns[i] ?? '';
    return equal(
      { sql: `p.${quoteIdent(referenced)}`, table: parent, column: referenced },
      { sql: `r.${quoteIdent(column)}`, table, column },
    );
  });
  const named = key.columns.map((column) => `r.${quoteIdent(column)} IS NOT NULL`);
  const orphaned = `FROM ${rowsOf(table)} AS r WHERE ${named.join(' AND ')}
    AND NOT EXISTS (SELECT FROM ${rowsOf(parent)} AS p WHERE ${on.join(' AND ')})`;
  const [counted] = await session.query<{ rows: string }>(`SELECT count(*)::text AS rows ${orphaned}`);
  const rows = Number(counted?.rows ?? 0);
  if (rows === 0) return { rows, samples: [] };
  const samples = await session.query<{ id: string }>(
    `SELECT ${rowId(table, 'r')} AS id ${orphaned} ORDER BY 1 LIMIT ${SAMPLES}`,
  );
  return { rows, samples: samples.map(({ id }) => id) };
}

/** Foreign keys that the catalog calls valid while their checks do not run. */
async function switchedOff(
  session: Session,
  schemas: readonly string[],
  { place, url }: Pick<Subject, 'place' | 'url'>,
): Promise<Finding[]> {
  const tables = await session.query<{ schema: string; name: string }>(
    `SELECT DISTINCT n.nspname::text AS schema, c.relname::text AS name
       FROM pg_catalog.pg_trigger t JOIN pg_catalog.pg_class c ON c.oid = t.tgrelid
       JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
      WHERE t.tgisinternal AND t.tgenabled <> 'O' AND n.nspname = ANY ($1::text[]) ORDER BY 1, 2`,
    [schemas],
  );
  return tables.map((table) => ({
    code: 'DATA_SCHEMA_DRIFT',
    severity: 'error',
    subject: displayName(table),
    message: `${place}: the foreign-key checks of ${displayName(table)} are switched off`,
    hint: `Once no row is an orphan: ${inDatabase(databaseOf(url), `ALTER TABLE ${quoteName(table)} ENABLE TRIGGER ALL`)}`,
  }));
}
