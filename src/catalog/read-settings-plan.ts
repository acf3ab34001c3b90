import type { Session } from '../core/ports.js';
import { readSettings } from './read-settings.js';
import { planSettings, type SettingsPlan } from './settings.js';
import type { SchemaCatalog } from './types.js';

/** What the databases made of the legacy one are set to; `login` is the application's, else whoever this session is. */
export async function readSettingsPlan(
  legacy: Session,
  catalog: Pick<SchemaCatalog, 'objects'>,
  login: string | undefined,
): Promise<SettingsPlan> {
  const [row] = await legacy.query<{ name: string }>('SELECT session_user::text AS name');
  return planSettings(await readSettings(legacy), login ?? row?.name ?? '', catalog);
}
