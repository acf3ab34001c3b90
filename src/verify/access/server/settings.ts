import type { Finding } from '../../../core/finding.js';
import { provisionOr } from '../../../core/hints.js';
import { quoteIdent } from '../../../core/identifiers.js';
import type { ClinicTarget } from '../../../provision/types.js';
import type { AccessRecord } from '../record.js';
import { ofClinic, onServer } from '../words.js';
import type { ServerView } from './view.js';

interface Entry extends Record<string, unknown> {
  readonly name: string;
  readonly value: string;
  readonly secret: boolean;
  readonly database: string | null;
  readonly role: string | null;
}

/** pg_db_role_setting is for everybody to read, whatever database it is of. */
const SETTINGS = `
  SELECT pg_catalog.split_part(c.setting, '=', 1) AS name, pg_catalog.substr(c.setting, pg_catalog.strpos(c.setting, '=') + 1) AS value,
         pg_catalog.split_part(c.setting, '=', 1) ~* '\\..*(passw|pwd|secret|token|credential|private|api_?key|jwt|encrypt)'
           OR c.setting ~ '://[^/@ ]*:[^/@ ]*@' AS secret,
         d.datname::text AS database, r.rolname::text AS role
    FROM pg_catalog.pg_db_role_setting s
    LEFT JOIN pg_catalog.pg_database d ON d.oid = s.setdatabase
    LEFT JOIN pg_catalog.pg_roles r ON r.oid = s.setrole
   CROSS JOIN LATERAL pg_catalog.unnest(s.setconfig) AS c (setting)
   WHERE (s.setdatabase = 0 OR d.oid IS NOT NULL) AND (s.setrole = 0 OR r.oid IS NOT NULL)
   ORDER BY 1, 4, 5`;

/** They say who a session is, what code it runs, what it sees and whether it may write. */
const RULING: ReadonlySet<string> = new Set([
  'default_transaction_read_only',
  'dynamic_library_path',
  'local_preload_libraries',
  'role',
  'row_security',
  'session_authorization',
  'session_preload_libraries',
  'session_replication_role',
  'transaction_read_only',
]);

export async function settingFindings(
  view: ServerView,
  record: AccessRecord | undefined,
): Promise<Finding[]> {
  const entries = await view.session.query<Entry>(SETTINGS);
  const byDatabase = new Map(view.targets.map((target) => [target.database, target]));
  return entries.flatMap((entry): Finding[] => {
    if (entry.secret) return [secret(entry)];
    const target = entry.database === null ? undefined : byDatabase.get(entry.database);
    const login = entry.role === null ? undefined : view.logins.get(entry.role);
    const owner = entry.role === null ? undefined : view.owners.get(entry.role);
    const about = login ?? owner ?? target;
    if (about === undefined)
      return entry.database === null && entry.role === null && rules(entry) ? [ofAll(entry)] : [];
    return isMeant(entry, about, record) ? [] : [difference(entry, about)];
  });
}

/** What provision sets: for a clinic's database, and for its login there. */
function isMeant(entry: Entry, { database, role }: ClinicTarget, record: AccessRecord | undefined): boolean {
  if (entry.database !== database || (entry.role !== null && entry.role !== role)) return false;
  if (rules(entry)) return false;
  const meant = entry.role === null ? record?.settings?.database : record?.settings?.login;
  return meant === undefined || meant.some(({ name }) => name.toLowerCase() === entry.name.toLowerCase());
}

function rules({ name, value }: Entry): boolean {
  if (!RULING.has(name.toLowerCase())) return false;
  // As it is in any case.
  return (
    !(/read_only$/i.test(name) && /^(off|false|no|0|of|f|n)$/i.test(value)) &&
    !(name === 'row_security' && value === 'on')
  );
}

function difference(entry: Entry, target: ClinicTarget): Finding {
  const isShut = /read_only$/i.test(entry.name);
  return ofClinic(
    isShut ? 'ACCESS_DATABASE_STATE' : 'ACCESS_SETTING',
    target,
    entry.role ?? target.database,
    isShut
      ? `sessions of ${whose(entry)} are read-only`
      : `${whose(entry)} has a setting that provision does not make: ${entry.name}`,
    isMended(entry, target)
      ? provisionOr(target.clinic.key, onServer(resetOf(entry)))
      : onServer(resetOf(entry)),
  );
}

/** What other roles are set to in a clinic's database is left to whoever they are. */
const isMended = ({ role }: Entry, target: ClinicTarget): boolean =>
  role === null || role === target.role || role === target.owner;

function ofAll(entry: Entry): Finding {
  return {
    code: 'ACCESS_SETTING',
    severity: 'error',
    subject: entry.name,
    message: `all roles of the server have a setting that clinics' logins should not have: ${entry.name}`,
    hint: onServer(resetOf(entry)),
  };
}

/** Never its value. */
function secret(entry: Entry): Finding {
  return {
    code: 'ACCESS_SECRET_VISIBLE',
    severity: 'warning',
    subject: entry.database ?? entry.role ?? '',
    message: `every clinic's login can read the setting ${entry.name} of ${whose(entry)}, which looks like a secret`,
    hint: `${onServer(resetOf(entry))} Keep it where only its program reads it, and change it.`,
  };
}

function whose({ database, role }: Entry): string {
  return (
    [
      ...(database === null ? [] : [`the database ${database}`]),
      ...(role === null ? [] : [`the login ${role}`]),
    ].join(' for ') || 'all roles'
  );
}

function resetOf({ database, role, name }: Entry): string {
  const reset = `RESET ${name.split('.').map(quoteIdent).join('.')}`;
  if (role === null)
    return database === null ? `ALTER ROLE ALL ${reset}` : `ALTER DATABASE ${quoteIdent(database)} ${reset}`;
  return `ALTER ROLE ${quoteIdent(role)}${database === null ? '' : ` IN DATABASE ${quoteIdent(database)}`} ${reset}`;
}
