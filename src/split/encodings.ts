import { bytesOf } from '../catalog/digest.js';
import { readLocale } from '../catalog/read-locale.js';
import type { SchemaCatalog } from '../catalog/types.js';
import { DatabaseError } from '../core/errors.js';
import type { Finding } from '../core/finding.js';
import { displayName, quoteIdent, quoteLiteral } from '../core/identifiers.js';
import type { Session } from '../core/ports.js';
import type { TablePlan } from './plan.js';
import { SAMPLES, sampleExpression } from './survey/samples.js';
import type { TableSurvey } from './survey/types.js';
import { findTable } from './unique.js';

/** A character that an encoding does not have, and bytes that are none. */
const NOT_HELD = ['22P05', '22021'];

export function isAboutText(error: unknown): boolean {
  return error instanceof DatabaseError && NOT_HELD.includes(error.sqlState ?? '');
}

/**
 * Rows that the central database is to get and cannot hold, since it was made with another encoding than the legacy
 * database's. `reader` is in a transaction on the legacy database. Nothing is read where the encodings are the same.
 */
export async function encodingFindings(
  reader: Session,
  central: Session,
  catalog: SchemaCatalog,
  whole: readonly { readonly plan: TablePlan; readonly survey: TableSurvey }[],
): Promise<Finding[]> {
  const [from, to] = [(await readLocale(reader)).encoding, (await readLocale(central)).encoding];
  // What knows no encoding takes any bytes.
  if (from === to || to === 'SQL_ASCII') return [];
  const findings: Finding[] = [];
  for (const { plan, survey } of whole) {
    if (survey.total.rows === 0) continue;
    const { rows, keys } = await notHeld(reader, plan, catalog, to);
    if (rows === 0) continue;
    const name = displayName(plan.table);
    findings.push({
      code: 'SPLIT_TEXT_NOT_HELD',
      severity: 'error',
      subject: name,
      message: `${rows} of ${survey.total.rows} rows of ${name} hold characters that the central database, whose encoding is ${to}, cannot hold: ${keys.join(' | ')}${rows > keys.length ? ' | …' : ''}`,
    });
  }
  return findings;
}

async function notHeld(
  reader: Session,
  { rows: from, columns, table }: TablePlan,
  catalog: SchemaCatalog,
  encoding: string,
): Promise<{ rows: number; keys: string[] }> {
  const line = `ROW(${columns.map((column) => `t.${quoteIdent(column)}`).join(', ')})::text`;
  const converted = (text: string): string =>
    `pg_catalog.convert(${bytesOf(text)}, 'UTF8', ${quoteLiteral(encoding)})`;
  await reader.execute('SAVEPOINT encoding');
  try {
    await reader.query(`SELECT count(${converted(line)}) FROM ${from} AS t`);
    return { rows: 0, keys: [] };
  } catch (error) {
    if (!isAboutText(error)) throw error;
    await reader.execute('ROLLBACK TO SAVEPOINT encoding');
  }
  // Row by row, which is slow, and only where there is something to find.
  const sample = sampleExpression(findTable(catalog, table));
  const each = `SELECT ${line} AS line, ${sample} AS key FROM ${from} AS t ORDER BY 2`;
  await reader.execute(
    `DO LANGUAGE plpgsql ${quoteLiteral(`
    DECLARE one record; found bigint := 0; keys text[] := '{}';
    BEGIN
      FOR one IN EXECUTE ${quoteLiteral(each)} LOOP
        BEGIN
          PERFORM ${converted('one.line')};
        EXCEPTION WHEN untranslatable_character OR character_not_in_repertoire THEN
          found := found + 1;
          IF found <= ${SAMPLES} THEN keys := keys || one.key; END IF;
        END;
      END LOOP;
      PERFORM pg_catalog.set_config('clinic_migrate.not_held', pg_catalog.json_build_object('rows', found, 'keys', keys)::text, true);
    END`)}`,
  );
  const [told] = await reader.query<{ found: string }>(
    `SELECT pg_catalog.current_setting('clinic_migrate.not_held') AS found`,
  );
  return JSON.parse(told?.found ?? '{"rows":0,"keys":[]}');
}
