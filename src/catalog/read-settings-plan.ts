import type { Session } from '../core/ports.js';
import { readAppLogin } from './app-login.js';
import { readSettings } from './read-settings.js';
import { planSettings, type SettingsPlan } from './settings.js';
import type { SchemaCatalog } from './types.js';

/** What the databases made of the legacy one are set to; `login` is the application's where it is configured. */
export async function readSettingsPlan(
  legacy: Session,
  catalog: Pick<SchemaCatalog, 'objects' | 'schemas'>,
  login: string | undefined,
): Promise<SettingsPlan> {
  const [row] = await legacy.query<{ name: string }>('SELECT session_user::text AS name');
  const { login: known } = await readAppLogin(legacy, catalog.schemas, login);
  return planSettings(await readSettings(legacy), known ?? login ?? row?.name ?? '', catalog);
}
