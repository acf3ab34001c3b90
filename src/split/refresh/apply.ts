import type { SchemaCatalog } from '../../catalog/types.js';
import { DatabaseError } from '../../core/errors.js';
import type { Finding } from '../../core/finding.js';
import { displayName } from '../../core/identifiers.js';
import { lookInto } from '../../core/name-path.js';
import type { TablePlan } from '../plan.js';
import { writeReceipts } from '../receipts.js';
import { restoreForce } from '../row-security.js';
import type { Run } from '../run.js';
import { stampTables } from '../stamps.js';
import { type TableChanges, tableChanges } from './changes.js';
import { type KeyOrder, keyOrder } from './order.js';
import { MARK, wrongTables } from './proof.js';
import { type Interlude, quietTables, withoutKeys } from './quiet.js';
import { changedTables, keyOf, type Refreshing, type TableRefresh } from './target.js';

/**
 * Puts down in one database what it lacks, proves every table that differed or could be touched by a foreign key's
 * action, and commits with new receipts. A finding, and nothing changed, where the proof fails.
 */
export async function applyChanges(
  run: Run,
  one: Refreshing,
): Promise<{ readonly tables: readonly TableRefresh[] } | Finding> {
  const { options, snapshot, fingerprint } = run;
  const { session, tables } = one;
  const changed = changedTables(one);
  let refreshed: TableRefresh[] = [];
  let written: readonly TablePlan[] = [];
  if (changed.length > 0) {
    const order = keyOrder(
      options.catalog,
      tables.map(({ plan }) => plan),
    );
    const { prepare, changes } = await tableChanges(session, options.catalog, changed);
    await session.execute([...prepare, ...changes.map(({ find }) => find)].join(';\n'));
    const exposed = order.exposed(changed.map(({ plan }) => plan));
    const quiet = await quietTables(session, exposed);
    const work: Work = { one, changes, order, exposed, quiet, catalog: options.catalog };
    const wrong = (await isWrittenRowByRow(work)) ? [] : await writeWithoutKeys(work);
    if (wrong.length > 0) return notConserved(one, wrong);
    refreshed = await countChanges(one);
    written = exposed;
  }
  const stamps = await stampTables(session, written);
  const copies = tables.map(({ plan, digests, stamp }) => {
    const i = written.indexOf(plan);
    return { plan, digests, stamp: i < 0 ? stamp : (stamps[i] ?? '') };
  });
  await writeReceipts(session, copies, { snapshot: snapshot.label, fingerprint });
  await session.execute(await options.afterRefresh(keyOf(one), changed.length > 0));
  await restoreForce(session, one.forced);
  await session.execute('COMMIT');
  return { tables: refreshed };
}

interface Work {
  readonly one: Refreshing;
  readonly changes: readonly TableChanges[];
  readonly order: KeyOrder;
  /** The tables that are written, and those that foreign keys may carry a change to. */
  readonly exposed: readonly TablePlan[];
  readonly quiet: Interlude;
  readonly catalog: SchemaCatalog;
}

/**
 * Writes each row in its place while all keys hold, parents before those that refer to them. False, and nothing done,
 * where that order does not do: rows that exchange a unique value, tables that refer to one another, a key's action.
 */
async function isWrittenRowByRow({ one, changes, order, exposed, quiet, catalog }: Work): Promise<boolean> {
  const ordered = order.parentsFirst.flatMap((plan) => changes.filter((each) => each.plan === plan));
  const [below, above] = [ordered.filter(isBelow(order)), ordered.filter((each) => !isBelow(order)(each))];
  const statements = [
    'SAVEPOINT row_by_row',
    MARK,
    ...quiet.before,
    lookInto(catalog.namePath),
    // Nobody refers to these: what is new there may take the place of what is gone.
    ...below.map(({ remove }) => remove),
    ...ordered.flatMap(({ insert, update }) => [insert, update]),
    ...above.reverse().map(({ remove }) => remove),
    'SET CONSTRAINTS ALL IMMEDIATE',
    lookInto(catalog.readPath),
    ...quiet.after,
  ];
  try {
    await one.session.execute(statements.filter((sql) => sql !== '').join(';\n'));
    if ((await wrongTables(one, catalog, exposed)).length === 0) return true;
  } catch (error) {
    if (!(error instanceof DatabaseError && error.sqlState?.startsWith('23'))) throw error;
  }
  await one.session.execute('ROLLBACK TO SAVEPOINT row_by_row');
  return false;
}

const isBelow =
  (order: KeyOrder) =>
  ({ plan }: TableChanges): boolean =>
    !order.isReferenced(plan);

/** Writes them in any order while no foreign key is there; the keys are made again, and so proved. */
async function writeWithoutKeys({ one, changes, exposed, quiet, catalog }: Work): Promise<TablePlan[]> {
  const keys = await withoutKeys(one.session, exposed);
  await one.session.execute(
    [
      MARK,
      ...quiet.before,
      ...keys.before,
      lookInto(catalog.namePath),
      ...changes.map(({ removeBoth }) => removeBoth),
      ...changes.map(({ insertBoth }) => insertBoth),
      'SET CONSTRAINTS ALL IMMEDIATE',
      ...keys.after,
      lookInto(catalog.readPath),
      ...quiet.after,
    ].join(';\n'),
  );
  return wrongTables(one, catalog, exposed);
}

async function countChanges(one: Refreshing): Promise<TableRefresh[]> {
  const rows = await one.session.query<{ tab: number; op: string; rows: string }>(
    'SELECT tab, op, count(*)::text AS rows FROM pg_temp.clinic_migrate_diff WHERE tab >= 0 GROUP BY tab, op',
  );
  return changedTables(one).map(({ plan, index, expected }) => {
    const count = (op: string): number =>
      Number(rows.find((row) => row.tab === index && row.op === op)?.rows ?? 0);
    return {
      plan,
      digest: expected,
      inserted: count('insert'),
      updated: count('update'),
      deleted: count('delete'),
    };
  });
}

function notConserved({ target, session }: Refreshing, wrong: readonly TablePlan[]): Finding {
  return {
    code: 'SPLIT_NOT_CONSERVED',
    severity: 'error',
    subject: target?.database ?? session.label,
    message: `${session.label} could not be brought up to date, and is as it was: ${wrong.map(({ table }) => displayName(table)).join(', ')} would not hold what the legacy database has`,
  };
}
