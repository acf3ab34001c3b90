import { maySet, readSettings, type Setting } from '../catalog/read-settings.js';
import {
  type LeftSetting,
  ownSettings,
  resetClause,
  type SettingsPlan,
  setClause,
  settingChanges,
} from '../catalog/settings.js';
import { DatabaseError } from '../core/errors.js';
import type { Finding } from '../core/finding.js';
import { quoteIdent } from '../core/identifiers.js';
import type { Session } from '../core/ports.js';

/** What is not carried of the settings, before anything is made. */
export function settingFindings({ left, others }: Pick<SettingsPlan, 'left' | 'others'>): Finding[] {
  return [
    ...left.map(({ name, of, why, allowed, mend }): Finding => {
      const finding = {
        code: 'PROVISION_SETTING_LEFT_BEHIND' as const,
        severity: mend === undefined ? ('warning' as const) : ('error' as const),
        subject: name,
        message: `the setting ${name} of ${of} is not carried: ${why}`,
      };
      if (mend !== undefined) return { ...finding, hint: `Say it by the schema’s name: ${mend}` };
      return allowed ? { ...finding, hint: BY_HAND } : finding;
    }),
    ...others.map(
      ({ role, names }): Finding => ({
        code: 'PROVISION_SETTING_LEFT_BEHIND',
        severity: 'info',
        subject: role,
        message: `what the role ${role} has set in the legacy database is not carried: ${names.join(', ')}`,
      }),
    ),
  ];
}

const BY_HAND =
  'If the application needs it, set it in the clinic databases by hand, to the same value: ALTER DATABASE … SET …. Nothing takes that back.';

/** The plan as far as the role of this session may carry it out, and what it may not. */
export async function permitted(server: Session, plan: SettingsPlan): Promise<SettingsPlan> {
  const allowed = await maySet(server, [...plan.database, ...plan.login]);
  const refused: LeftSetting[] = [];
  const keep = (settings: readonly Setting[], of: string): Setting[] =>
    settings.filter((setting) => {
      if (allowed.has(setting.name)) return true;
      const why = `the login of ${server.label} may not set it there`;
      refused.push({ ...setting, of, why, allowed: true });
      return false;
    });
  const database = keep(plan.database, 'the legacy database');
  const login = keep(plan.login, 'the application’s login');
  return { ...plan, database, login, left: [...plan.left, ...refused] };
}

/**
 * True where a value is not all ASCII. The server keeps such a text in the encoding of the database from which it was set,
 * and every other database takes its bytes for its own: it has to be read and set from within.
 */
export function hasTextOfAnEncoding({ database, login }: SettingsPlan): boolean {
  return [...database, ...login].some(({ value }) => /[^ -~]/.test(value));
}

/**
 * Makes a database's settings, and its login's in it, those of the plan: sets what is missing or different and takes
 * back what is not of the plan. `server` is a session anywhere on its server, but see hasTextOfAnEncoding().
 */
export async function ensureSettings(
  server: Session,
  { database, role }: { readonly database: string; readonly role: string | undefined },
  plan: SettingsPlan,
): Promise<{ readonly outcome: 'mended' | 'kept'; readonly findings: readonly Finding[] }> {
  const present = ownSettings(await readSettings(server, database), role);
  const statements = [
    ...changes(`ALTER DATABASE ${quoteIdent(database)}`, plan.database, present.database, plan.left),
    ...(role === undefined
      ? []
      : changes(
          `ALTER ROLE ${quoteIdent(role)} IN DATABASE ${quoteIdent(database)}`,
          plan.login,
          present.login,
          plan.left,
        )),
  ];
  if (statements.length === 0) return { outcome: 'kept', findings: [] };
  const findings: Finding[] = [];
  for (const { sql, name } of statements) {
    try {
      await server.execute(sql);
    } catch (error) {
      // A value that this server does not know, or what somebody else has set and only he may take back.
      if (!(error instanceof DatabaseError) || !/^(22|42)/.test(error.sqlState ?? '')) throw error;
      findings.push({
        code: 'PROVISION_SETTING_LEFT_BEHIND',
        severity: 'error',
        subject: database,
        message: `the setting ${name} of the database ${database} could not be made as it has to be: ${error.message}`,
        hint: `Have an administrator of the server run: ${sql};`,
      });
    }
  }
  return { outcome: 'mended', findings };
}

function changes(
  prefix: string,
  wanted: readonly Setting[],
  present: readonly Setting[],
  left: readonly LeftSetting[],
): { readonly sql: string; readonly name: string }[] {
  const { set, reset } = settingChanges(wanted, present, left);
  return [
    ...reset.map((name) => ({ sql: `${prefix} ${resetClause(name)}`, name })),
    ...set.map((setting) => ({ sql: `${prefix} ${setClause(setting)}`, name: setting.name })),
  ];
}
