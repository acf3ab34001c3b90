import { quoteIdent, quoteLiteral } from '../core/identifiers.js';
import type { AppliedSetting, Setting } from './read-settings.js';
import type { SchemaCatalog } from './types.js';

/** A setting that no database of ours gets. */
export interface LeftSetting extends Setting {
  readonly of: string;
  readonly why: string;
  /** True where whoever administers the clinics' server may set it there by hand. */
  readonly allowed: boolean;
  /** What to run before anything is made, where names would be found elsewhere without it. */
  readonly mend?: string;
}

/** How names without a schema are found where nothing else is set. */
export interface OwnPath {
  readonly standing: string;
  /** The schema of the application's login, where it has one. */
  readonly own: string | undefined;
}

/** What the clinics' databases are set to, as the legacy database and the application's login are. */
export interface SettingsPlan {
  /** For all roles. */
  readonly database: readonly Setting[];
  /** For the clinic's login. */
  readonly login: readonly Setting[];
  readonly left: readonly LeftSetting[];
  /** Other roles that are set to something in the legacy database. */
  readonly others: readonly { readonly role: string; readonly names: readonly string[] }[];
}

/** They say who is who, what code the server loads and where its files are: nothing that goes with an application. */
const OF_THE_SERVER: ReadonlySet<string> = new Set([
  'role',
  'session_authorization',
  'session_preload_libraries',
  'local_preload_libraries',
  'shared_preload_libraries',
  'dynamic_library_path',
  'jit_provider',
  'default_tablespace',
  'temp_tablespaces',
  'default_table_access_method',
  'createrole_self_grant',
]);

const SECRET_NAME = /passw|pwd|secret|token|credential|private|api_?key|jwt|encrypt|salt|hmac|dsn|signing/i;
const SECRET_VALUE = /^[a-z][a-z0-9+.-]*:\/\/[^/\s]*:[^/\s]*@|-----BEGIN|^eyJ[\w-]+\./i;

/** Decides of every setting that the application would feel whether it goes with it. Pure. */
export function planSettings(
  applied: readonly AppliedSetting[],
  login: string,
  { objects }: Pick<SchemaCatalog, 'objects'>,
  { standing, own }: OwnPath,
): SettingsPlan {
  // What is said of this database outdoes what is said of all.
  const merge = (of: (setting: AppliedSetting) => boolean): AppliedSetting[] => {
    const merged = new Map<string, AppliedSetting>();
    for (const database of [false, true])
      for (const each of applied)
        if (each.database === database && of(each)) merged.set(each.name.toLowerCase(), each);
    return [...merged.values()];
  };
  const left: LeftSetting[] = [];
  const carried = (settings: readonly AppliedSetting[], of: string): Setting[] =>
    settings.flatMap((setting) => {
      const { name, value } = setting;
      const reason = whyLeft(setting, objects);
      if (reason === undefined) return [withOwnSchema({ name, value }, own)];
      left.push({ name, value, of, ...reason });
      return [];
    });
  const ofAll = carried(
    merge(({ role }) => role === null),
    'the legacy database',
  );
  const ofLogin = carried(
    merge(({ role }) => role === login),
    `the login ${login}`,
  );
  const others = applied.filter((each) => each.database && each.role !== null && each.role !== login);
  const hasPath = [...ofAll, ...ofLogin].some(({ name }) => isList(name));
  const path = withOwnSchema({ name: 'search_path', value: standing }, own);
  return {
    database: hasPath || path.value === standing ? ofAll : [...ofAll, path],
    login: ofLogin,
    left,
    others: [...new Set(others.map(({ role }) => role ?? ''))].map((role) => ({
      role,
      names: others.filter((each) => each.role === role).map(({ name }) => name),
    })),
  };
}

function whyLeft(
  { name, value, context }: AppliedSetting,
  objects: SchemaCatalog['objects'],
): Pick<LeftSetting, 'why' | 'allowed'> | undefined {
  if (OF_THE_SERVER.has(name.toLowerCase()))
    return { why: 'it names roles, files or code of one server', allowed: false };
  if (name.includes('.') && (SECRET_NAME.test(name) || SECRET_VALUE.test(value)))
    return { why: 'it looks like a secret, which every clinic’s login could read', allowed: false };
  if (context !== 'user' && context !== 'backend' && !(context === null && name.includes('.')))
    return { why: 'only a superuser may set it', allowed: true };
  if (name === 'default_text_search_config' && !hasConfiguration(value, objects))
    return { why: `no schema that is carried has the configuration ${value}`, allowed: false };
  return undefined;
}

function hasConfiguration(value: string, objects: SchemaCatalog['objects']): boolean {
  const [schema, name] = value.split('.').map((part) => part.replace(/^"(.*)"$/, '$1').replaceAll('""', '"'));
  if (name === undefined || schema === 'pg_catalog') return true;
  return objects.some(
    (each) => each.kind === 'text search configuration' && each.schema === schema && each.name === name,
  );
}

/** Of what PostgreSQL keeps as a list of quoted names, this alone is carried. */
const isList = (name: string): boolean => name.toLowerCase() === 'search_path';

/** The same, with the schema of the application's login for "$user": clinics' logins have other names. */
export function withOwnSchema(setting: Setting, own: string | undefined): Setting {
  const names = listOf(setting.value);
  if (own === undefined || !isList(setting.name) || !names.includes('$user')) return setting;
  const plain = new Set(names.map((name) => (name === '$user' ? own : name)));
  return { name: setting.name, value: [...plain].map(quoteIdent).join(', ') };
}

/** `SET name TO value`, for behind ALTER DATABASE and ALTER ROLE; stored, it is the same text again. */
export function setClause({ name, value }: Setting): string {
  const values = isList(name) ? listOf(value) : [value];
  return `SET ${quoteSetting(name)} TO ${(values.length === 0 ? [''] : values).map((each) => quoteLiteral(each).trim()).join(', ')}`;
}

export function resetClause(name: string): string {
  return `RESET ${quoteSetting(name)}`;
}

export function sameSetting(a: Setting, b: Setting): boolean {
  if (a.name.toLowerCase() !== b.name.toLowerCase()) return false;
  const names = (value: string): string => JSON.stringify(listOf(value).filter((each) => each !== ''));
  return a.value === b.value || (isList(a.name) && names(a.value) === names(b.value));
}

function quoteSetting(name: string): string {
  return name.split('.').map(quoteIdent).join('.');
}

/** The names in a list as the server stores it: quoted where they must be. */
export function listOf(value: string): string[] {
  return [...value.matchAll(/\s*(?:"((?:[^"]|"")*)"|([^",\s][^",]*?))\s*(?:,|$)/g)].map(
    ([, quoted, plain]) => quoted?.replaceAll('""', '"') ?? plain?.toLowerCase() ?? '',
  );
}

/** What must change in a database's own settings for one role, or for all, to be as wanted. */
export function settingChanges(
  wanted: readonly Setting[],
  present: readonly Setting[],
  left: readonly LeftSetting[],
): { readonly set: readonly Setting[]; readonly reset: readonly string[] } {
  const isLeftAlone = (setting: Setting): boolean =>
    left.some((each) => each.allowed && sameSetting(each, setting));
  return {
    set: wanted.filter((setting) => !present.some((each) => sameSetting(each, setting))),
    reset: present
      .filter((each) => !wanted.some(({ name }) => name.toLowerCase() === each.name.toLowerCase()))
      .filter((each) => !isLeftAlone(each))
      .map(({ name }) => name),
  };
}

/** The settings of one database alone, for all roles and for one. */
export function ownSettings(
  applied: readonly AppliedSetting[],
  role: string | undefined,
): { readonly database: readonly Setting[]; readonly login: readonly Setting[] } {
  const here = applied.filter(({ database }) => database);
  return {
    database: here.filter((each) => each.role === null),
    login: role === undefined ? [] : here.filter((each) => each.role === role),
  };
}
