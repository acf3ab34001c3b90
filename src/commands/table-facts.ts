import { join } from 'node:path';
import { displayName } from '../core/identifiers.js';
import type { TableFacts } from '../project/models/registry.js';
import { parseMap } from '../tenancy/saved-map.js';
import type { Context } from './command.js';

/** What is known of the tables: the map that `inspect --save` wrote, and the configuration, whose word counts. */
export async function tableFacts({ config, files }: Context): Promise<TableFacts> {
  const path = join(config.directory, '.clinic-migrate', 'tenancy.json');
  const text = await files.read(path);
  const map = text === undefined ? undefined : parseMap(text, path);
  const mapped = (map?.tables ?? []).flatMap((table) =>
    table.scope === 'unresolved' ? [] : [[displayName(table), table.scope] as const],
  );
  const configured = Object.entries(config.tables).map(([table, { scope }]) => [table, scope] as const);
  const isSaid = (table: string): boolean =>
    configured.some(([name]) => name === table || table.endsWith(`.${name}`));
  return {
    scopes: new Map([...mapped.filter(([table]) => !isSaid(table)), ...configured]),
    clinicTable: map === undefined ? config.clinics.table : displayName(map.clinicTable),
    clinicKey: map?.clinicTable.key ?? config.clinics.key,
    isComplete: map !== undefined,
  };
}
