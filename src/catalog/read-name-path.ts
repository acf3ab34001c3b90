import type { Session } from '../core/ports.js';
import { type AppliedSetting, readSettings } from './read-settings.js';
import { listOf } from './settings.js';
import type { SchemaCatalog } from './types.js';

/**
 * The schemas in which the application's login finds names without one, in order: by what the login or the database is
 * set to, else by the server's default; `login` is whoever this session is where none is named. Schemas of extensions
 * follow, since what was made while they were on the path still means their operators. PostgreSQL's own is searched
 * first in any case.
 */
export async function readNamePath(
  legacy: Session,
  objects: SchemaCatalog['objects'],
  login: string | undefined,
): Promise<string[]> {
  const { own, standing, set } = await readStandingPath(legacy);
  const user = login ?? own;
  const of = (role: string | null, database: boolean): string | undefined =>
    set.find((each) => each.role === role && each.database === database)?.value;
  const value = of(user, true) ?? of(user, false) ?? of(null, true) ?? of(null, false) ?? standing;
  const extensions = objects.filter(({ kind }) => kind === 'extension').map(({ schema }) => schema);
  const names = listOf(value).map((name) => (name === '$user' ? user : name));
  const wanted = [...new Set([...names, ...extensions.sort()])].filter((name) => name !== 'pg_catalog');
  const there = await legacy.query<{ name: string }>(
    'SELECT nspname::text AS name FROM pg_catalog.pg_namespace WHERE nspname = ANY ($1::text[])',
    [wanted],
  );
  return wanted.filter((name) => there.some((each) => each.name === name));
}

interface StandingPath {
  /** Whoever this session is. */
  readonly own: string;
  /** What holds where neither the database nor the role is set to one. */
  readonly standing: string;
  /** What they are set to. */
  readonly set: readonly AppliedSetting[];
}

export async function readStandingPath(legacy: Session): Promise<StandingPath> {
  const [session] = await legacy.query<{ name: string; reset: string; boot: string }>(
    `SELECT session_user::text AS name, reset_val AS reset, boot_val AS boot
       FROM pg_catalog.pg_settings WHERE name = 'search_path'`,
  );
  const own = session?.name ?? '';
  const set = (await readSettings(legacy)).filter(({ name }) => name.toLowerCase() === 'search_path');
  // Where something is set for this session's own role, nothing tells what the server's file says.
  const isOwn = set.some(({ role }) => role === null || role === own);
  return { own, standing: (isOwn ? session?.boot : session?.reset) ?? '', set };
}
