import type { Finding } from '../../core/finding.js';
import { commandLine, makeCopyAgain } from '../../core/hints.js';
import type { Session } from '../../core/ports.js';
import { databaseOf } from '../../core/urls.js';
import type { Subject } from './subject.js';
import { showKey } from './words.js';

/** A database whose own record says that it is another clinic's, as after a backup that was restored under a wrong name. */
export async function originFindings(session: Session, { clinic, place, url }: Subject): Promise<Finding[]> {
  if (clinic === undefined) return [];
  const [kept] = await session.query<{ kept: boolean }>(
    `SELECT pg_catalog.to_regclass('clinic_migrate.origin') IS NOT NULL AS kept`,
  );
  if (kept?.kept !== true) return []; // The comment on it is all that there is then.
  const records = await session.query<{ key: string | null }>(
    'SELECT clinic_key AS key FROM clinic_migrate.origin',
  );
  const other = records.find(({ key }) => key !== clinic.key);
  if (other === undefined && records.length > 0) return [];
  const database = databaseOf(url);
  return [
    {
      code: 'DATA_ANOTHERS_DATABASE',
      severity: 'error',
      subject: database,
      message: `${place}: its database ${database} says that it is that of ${other === undefined || other.key === null ? 'no clinic' : `clinic ${showKey(other.key)}`}`,
      hint:
        other?.key === null
          ? `Run ${commandLine('provision', clinic.key)}.`
          : `Restore the clinic's own backup if it is served from here. Else make the copy again: ${makeCopyAgain(database, clinic.key)}`,
    },
  ];
}
