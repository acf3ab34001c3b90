import { isOurCentral } from '../../catalog/our-central.js';
import { type DatabaseLocale, readLocale } from '../../catalog/read-locale.js';
import { maySet, readSettings, type Setting } from '../../catalog/read-settings.js';
import { readSettingsPlan } from '../../catalog/read-settings-plan.js';
import {
  type LeftSetting,
  ownSettings,
  resetClause,
  type SettingsPlan,
  setClause,
  settingChanges,
} from '../../catalog/settings.js';
import type { Finding } from '../../core/finding.js';
import { commandLine, inDatabase } from '../../core/hints.js';
import { quoteIdent } from '../../core/identifiers.js';
import type { Session } from '../../core/ports.js';
import { databaseOf } from '../../core/urls.js';
import type { VerifyDataOptions } from './options.js';
import type { Subject } from './subject.js';

/** What every session of the application is given by the legacy database, before it has read a row. */
export interface Surroundings {
  readonly locale: DatabaseLocale;
  readonly settings: SettingsPlan;
}

export async function readSurroundings(
  { catalog, login }: VerifyDataOptions,
  legacy: Session,
): Promise<Surroundings> {
  return {
    locale: await readLocale(legacy),
    settings: await readSettingsPlan(legacy, catalog, login),
  };
}

/** Where a session here is given something else: settings, encoding, locale. */
export async function surroundingsFindings(
  session: Session,
  subject: Subject,
  expected: Surroundings,
): Promise<Finding[]> {
  // A central database that was there before has ways of its own, which people should know.
  const isOurs = subject.clinic !== undefined || (await isOurCentral(session));
  return [
    ...localeFindings(await readLocale(session), subject, expected.locale, isOurs),
    ...(isOurs ? await settingFindings(session, subject, expected.settings) : []),
  ];
}

const PARTS = ['encoding', 'provider', 'collate', 'ctype', 'locale', 'rules'] as const;

function localeFindings(
  actual: DatabaseLocale,
  { place, url }: Subject,
  expected: DatabaseLocale,
  isOurs: boolean,
): Finding[] {
  return PARTS.filter((part) => actual[part] !== expected[part]).map((part) => ({
    code: 'DATA_SETTING_DIFFERS',
    severity: isOurs ? 'error' : 'warning',
    subject: databaseOf(url),
    message: `${place}: the ${part === 'locale' || part === 'rules' ? `${part} of its collation provider` : part} is ${actual[part] ?? 'none'}, and ${expected[part] ?? 'none'} in the legacy database`,
  }));
}

async function settingFindings(
  session: Session,
  { clinic, place, url, role }: Subject,
  plan: SettingsPlan,
): Promise<Finding[]> {
  const database = databaseOf(url);
  const allowed = await maySet(session, [...plan.database, ...plan.login]);
  const present = ownSettings(await readSettings(session), role);
  const quoted = quoteIdent(database);
  const differences = (
    wanted: readonly Setting[],
    found: readonly Setting[],
    prefix: string,
    of: string,
  ): Finding[] => {
    // What the provisioning login may not set is left to whoever may.
    const refused = wanted
      .filter(({ name }) => !allowed.has(name))
      .map((setting): LeftSetting => ({ ...setting, of, why: '', allowed: true }));
    const due = wanted.filter(({ name }) => allowed.has(name));
    const { set, reset } = settingChanges(due, found, [...plan.left, ...refused]);
    const finding = (message: string, clause: string): Finding => ({
      code: 'DATA_SETTING_DIFFERS',
      severity: 'error',
      subject: database,
      message: `${place}: ${message}`,
      hint: `Run ${clinic === undefined ? commandLine('provision') : commandLine('provision', clinic.key)}, or: ${inDatabase('postgres', `${prefix} ${clause}`)}`,
    });
    return [
      ...set.map((setting) =>
        finding(
          `${of} is not set to ${setting.name} = ${setting.value}, as in the legacy database`,
          setClause(setting),
        ),
      ),
      ...reset.map((name) =>
        finding(`${of} has a setting that the legacy database has not: ${name}`, resetClause(name)),
      ),
    ];
  };
  return [
    ...differences(plan.database, present.database, `ALTER DATABASE ${quoted}`, 'its database'),
    ...(role === undefined
      ? []
      : differences(
          plan.login,
          present.login,
          `ALTER ROLE ${quoteIdent(role)} IN DATABASE ${quoted}`,
          'its login',
        )),
  ];
}
