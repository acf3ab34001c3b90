import { countNaming, type ObjectColumn, readLargeObjectUse } from '../catalog/large-objects.js';
import type { SchemaCatalog } from '../catalog/types.js';
import type { Finding } from '../core/finding.js';
import { displayName } from '../core/identifiers.js';
import type { Session } from '../core/ports.js';
import { largeObjectsLine } from '../tenancy/config-line.js';
import { mayNameLargeObjects } from '../tenancy/large-objects.js';
import { indexTables, sameTable } from '../tenancy/tables.js';
import type { MappedTable, TenancyMap } from '../tenancy/types.js';

/**
 * The large objects that no row names, as far as the map knows which columns name any: nothing says whose they are. An
 * error unless the configuration leaves them. `session` is on the legacy database.
 */
export async function largeObjectFindings(
  session: Session,
  catalog: SchemaCatalog,
  map: TenancyMap,
  unnamed: 'stop' | 'leave',
): Promise<Finding[]> {
  if (!catalog.objects.some(({ kind }) => kind === 'large objects')) return [];
  const columns = columnsOf(catalog, map);
  const use = await readLargeObjectUse(
    session,
    columns.filter(({ said }) => said),
  );
  if (use.unnamed === 0) return [];
  const lines: string[] = [];
  for (const column of columns.filter(({ said }) => !said)) {
    const { naming } = await countNaming(session, column);
    if (naming === 0) continue;
    const line = largeObjectsLine(indexTables(catalog), column.mapped, column.column);
    const objects = `${naming} ${naming === 1 ? 'row names' : 'rows name'} such an object`;
    lines.push(`${displayName(column.table)}.${column.column}: ${objects}; to take it along: ${line}.`);
  }
  const shown = `${use.samples.join(', ')}${use.unnamed > use.samples.length ? ', …' : ''}`;
  return [
    {
      code: 'PROVISION_LARGE_OBJECTS',
      severity: unnamed === 'leave' ? 'warning' : 'error',
      subject: `${use.unnamed} large objects`,
      message: `${use.unnamed} of ${use.total} large objects stay in the legacy database: no column that is known to name large objects names them: ${shown}`,
      hint: [
        ...lines,
        "Remove what nothing needs (vacuumlo), name the columns that refer to them, or leave them: largeObjects: 'leave'.",
      ].join(' '),
    },
  ];
}

interface Column extends ObjectColumn {
  readonly mapped: MappedTable;
  /** True where it is known that the column names large objects. */
  readonly said: boolean;
}

function columnsOf(catalog: SchemaCatalog, map: TenancyMap): Column[] {
  return catalog.tables.flatMap((table) => {
    const mapped = map.tables.find((each) => sameTable(each, table));
    if (mapped === undefined || table.kind === 'foreign' || table.parent !== undefined) return [];
    return table.columns
      .map((column) => ({
        table,
        column: column.name,
        mapped,
        said: mapped.largeObjects?.includes(column.name) === true,
        mayBe: mayNameLargeObjects(column),
      }))
      .filter(({ said, mayBe }) => said || mayBe);
  });
}
