import type { SchemaCatalog } from '../catalog/types.js';
import { InterruptedError } from '../core/errors.js';
import { displayName } from '../core/identifiers.js';
import type { Databases, Session } from '../core/ports.js';
import { everyOne, shareOut } from '../core/side-by-side.js';
import type { Clinic, MappedTable, TenancyMap } from '../tenancy/types.js';
import { joinSnapshot } from './snapshot.js';
import { surveyTable, type TableSurvey } from './survey.js';

export interface SurveyOptions {
  readonly databases: Databases;
  readonly legacyUrl: string;
  readonly snapshotId: string;
  readonly catalog: SchemaCatalog;
  readonly map: TenancyMap;
  readonly clinics: readonly Clinic[];
  readonly jobs: number;
  readonly signal: AbortSignal;
}

/** Where every row of the database belongs, and which tables hold rows that have no place. */
export interface DatabaseSurvey {
  /** In the map's order. */
  readonly surveys: readonly TableSurvey[];
  readonly suspects: ReadonlySet<string>;
}

/**
 * Surveys every table, several at once. Where a table holds rows without a place, tables that lead to it are
 * surveyed again, since a row goes where the row it refers to goes, until nothing more is found.
 */
export async function surveyDatabase(options: SurveyOptions): Promise<DatabaseSurvey> {
  const readers: Session[] = [];
  try {
    for (let i = 0; i < Math.max(1, options.jobs); i += 1)
      readers.push(await joinSnapshot(options.databases, options.legacyUrl, options.snapshotId));
    let suspects: ReadonlySet<string> = new Set();
    for (;;) {
      const surveys = await surveyTables(options, readers, suspects);
      const found = new Set(
        surveys.filter((survey) => survey.problems.length > 0).map(({ table }) => displayName(table)),
      );
      if ([...found].every((name) => suspects.has(name))) return { surveys, suspects };
      suspects = new Set([...suspects, ...found]);
    }
  } finally {
    await everyOne(readers, (reader) => reader.close());
  }
}

async function surveyTables(
  { catalog, map, clinics, signal }: SurveyOptions,
  readers: readonly Session[],
  suspects: ReadonlySet<string>,
): Promise<TableSurvey[]> {
  const surveys = new Map<MappedTable, TableSurvey>();
  await shareOut(map.tables, readers, async (table, reader) => {
    if (signal.aborted) throw new InterruptedError('interrupted while looking at the legacy database');
    surveys.set(table, await surveyTable(reader, catalog, map, clinics, table, suspects));
  });
  return map.tables.flatMap((table) => surveys.get(table) ?? []);
}
