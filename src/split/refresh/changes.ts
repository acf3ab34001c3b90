import type { SchemaCatalog } from '../../catalog/types.js';
import { quoteIdent, quoteName } from '../../core/identifiers.js';
import type { Session } from '../../core/ports.js';
import { bucketSql, columnOf, keyText, type RowKey, rowKey } from '../buckets.js';
import type { TablePlan } from '../plan.js';
import { findTable } from '../unique.js';
import { lineOfRow, rowTypes } from './row-line.js';
import type { TableState } from './target.js';

/** One table's statements. */
export interface TableChanges {
  readonly plan: TablePlan;
  /** Writes down, by the text of each row in the parts that differ, what has to be done. */
  readonly find: string;
  readonly remove: string;
  readonly insert: string;
  readonly update: string;
  /** Removes what is gone and what has other values. */
  readonly removeBoth: string;
  /** Inserts what is new and what has other values. */
  readonly insertBoth: string;
}

/** The statements for all tables that differ, in the order given; `prepare` comes before all others. */
export async function tableChanges(
  session: Session,
  catalog: SchemaCatalog,
  states: readonly TableState[],
): Promise<{ prepare: readonly string[]; changes: TableChanges[] }> {
  const { types, statements } = await rowTypes(session, states);
  const changes = states.map((state, i) =>
    changesOf(catalog, state, types[i] ?? quoteName(state.plan.table)),
  );
  return { prepare: statements, changes };
}

function changesOf(catalog: SchemaCatalog, state: TableState, type: string): TableChanges {
  const { plan, index } = state;
  const { rows, columns, table } = plan;
  const key = rowKey(catalog, plan);
  const entry = findTable(catalog, table);
  const updated = columns.filter(
    (name) =>
      !key.columns.includes(name) && entry.columns.find((each) => each.name === name)?.identity !== 'always',
  );
  const list = columns.length === 0 ? '' : ` (${columns.map(quoteIdent).join(', ')}) OVERRIDING SYSTEM VALUE`;
  const values = columns.map((name) => `(d.r).${quoteIdent(name)}`).join(', ');
  const lines = (ops: string): string =>
    `(SELECT rel, tid, line::${type} AS r FROM pg_temp.clinic_migrate_diff WHERE tab = ${index} AND op IN (${ops}) OFFSET 0) AS d`;
  const isRow = 't.tableoid = d.rel AND t.ctid = d.tid';
  const remove = (ops: string): string =>
    `DELETE FROM ${rows} AS t USING pg_temp.clinic_migrate_diff AS d WHERE d.tab = ${index} AND d.op IN (${ops}) AND ${isRow}`;
  const insert = (ops: string): string =>
    `INSERT INTO ${quoteName(table)}${list} SELECT ${values} FROM ${lines(ops)}`;
  const sets = updated.map((name) => `${quoteIdent(name)} = (d.r).${quoteIdent(name)}`).join(', ');
  return {
    plan,
    find: findDifferences(state, key),
    remove: remove("'delete'"),
    insert: insert("'insert'"),
    update:
      updated.length === 0 ? '' : `UPDATE ${rows} AS t SET ${sets} FROM ${lines("'update'")} WHERE ${isRow}`,
    removeBoth: remove("'delete', 'update'"),
    insertBoth: insert("'insert', 'update'"),
  };
}

/** Rows without a key are told apart by their whole text, and by their number among equal ones. */
function findDifferences({ plan, index, parts, differing }: TableState, key: RowKey): string {
  const line = lineOfRow(plan, columnOf('t'));
  const number = key.isUnique ? '1' : 'pg_catalog.row_number() OVER (PARTITION BY line)';
  const isAll = differing.length === parts;
  const where = isAll
    ? ''
    : ` WHERE ${bucketSql('k', `${parts - 1}`)} = ANY (ARRAY[${differing.join(', ')}]::bigint[])`;
  const numbered = (rows: string): string => `SELECT *, ${number} AS n FROM (${rows}) AS x${where}`;
  // No line is read as a row here: that could call functions, which find their names only where rows are written.
  const want = `SELECT line, ${key.isUnique ? 'k' : 'line AS k'} FROM pg_temp.clinic_migrate_incoming WHERE tab = ${index}`;
  return `INSERT INTO pg_temp.clinic_migrate_diff (tab, op, rel, tid, line)
    WITH have AS MATERIALIZED (${numbered(`SELECT t.tableoid AS rel, t.ctid AS tid, ${line} AS line, ${key.isUnique ? keyText(key, columnOf('t')) : line} AS k FROM ${plan.rows} AS t`)}),
    want AS MATERIALIZED (${numbered(want)})
    SELECT ${index}, CASE WHEN want.k IS NULL THEN 'delete' WHEN have.k IS NULL THEN 'insert' ELSE 'update' END, have.rel, have.tid, want.line
      FROM have FULL JOIN want ON want.k = have.k AND want.n = have.n
     WHERE have.line IS DISTINCT FROM want.line`;
}
