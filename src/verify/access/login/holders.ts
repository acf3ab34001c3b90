import type { QualifiedName } from '../../../core/identifiers.js';
import { quoteName } from '../../../core/identifiers.js';
import type { Databases } from '../../../core/ports.js';
import type { ClinicTarget } from '../../../provision/types.js';

const HOLDERS = `
  SELECT DISTINCT l.pid, coalesce(a.usename::text, 'a role') AS role, nullif(a.application_name, '') AS application
    FROM pg_catalog.pg_locks l JOIN pg_catalog.pg_database d ON d.oid = l.database AND d.datname = pg_catalog.current_database()
    LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid
   WHERE l.relation = pg_catalog.to_regclass($1) AND l.granted AND l.pid <> pg_catalog.pg_backend_pid()
     AND l.mode IN ('ShareLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock')
   ORDER BY 1`;

/** Who keeps others from a table, in words. */
export async function holders(
  databases: Databases,
  target: ClinicTarget,
  table: QualifiedName,
): Promise<{ readonly names: string; readonly pids: readonly number[] }> {
  const session = await databases.connect(target.adminUrl, { readOnly: true });
  try {
    const rows = await session.query<{ pid: number; role: string; application: string | null }>(HOLDERS, [
      quoteName(table),
    ]);
    if (rows.length === 0) return { names: 'a session that has ended since', pids: [] };
    const names = rows.map(
      ({ pid, role, application }) =>
        `process ${pid} of ${role}${application === null ? '' : ` (${application})`}`,
    );
    return { names: names.join(', '), pids: rows.map(({ pid }) => pid) };
  } finally {
    await session.close();
  }
}
