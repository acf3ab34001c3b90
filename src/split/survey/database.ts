import { InterruptedError, RunError } from '../../core/errors.js';
import { displayName } from '../../core/identifiers.js';
import type { Databases, Session } from '../../core/ports.js';
import { everyOne, shareOut } from '../../core/side-by-side.js';
import type { MappedTable } from '../../tenancy/types.js';
import { isAboutText } from '../encodings.js';
import { joinSnapshot } from '../snapshot.js';
import { surveyTable } from './table.js';
import type { SurveyedDatabase, TableSurvey } from './types.js';

export interface SurveyOptions extends SurveyedDatabase {
  readonly databases: Databases;
  readonly legacyUrl: string;
  readonly snapshotId: string;
  readonly jobs: number;
  readonly signal: AbortSignal;
  /** Told of each table when it has been surveyed. */
  readonly onTable: (name: string) => void;
}

/** Where every row of the database belongs, and which tables hold rows that have no place. */
export interface DatabaseSurvey {
  /** In the map's order. */
  readonly surveys: readonly TableSurvey[];
  readonly suspects: ReadonlySet<string>;
}

/** Digests in very many parts are otherwise sorted on the server's disk. */
const ROOM = `SELECT pg_catalog.set_config('work_mem', '64MB', false)
  WHERE pg_catalog.pg_size_bytes(pg_catalog.current_setting('work_mem')) < 67108864`;

/**
 * Surveys every table, several at once. Where a table holds rows without a place, tables that refer to others are
 * surveyed again, since a row goes where the row it refers to goes, until nothing more is found.
 */
export async function surveyDatabase(options: SurveyOptions): Promise<DatabaseSurvey> {
  const readers: Session[] = [];
  try {
    for (let i = 0; i < Math.max(1, options.jobs); i += 1)
      readers.push(await joinSnapshot(options.databases, options.legacyUrl, options.snapshotId));
    if (options.stored !== undefined) await everyOne(readers, (reader) => reader.execute(ROOM));
    const surveys = new Map<MappedTable, TableSurvey>();
    let suspects: ReadonlySet<string> = new Set();
    for (let tables = options.map.tables; ; tables = tables.filter(leadsOn)) {
      await surveyTables(options, readers, tables, suspects, surveys);
      const found = [...surveys.values()].filter((survey) => survey.problems.length > 0);
      const names = found.map(({ table }) => displayName(table));
      if (names.every((name) => suspects.has(name)))
        return { surveys: options.map.tables.flatMap((table) => surveys.get(table) ?? []), suspects };
      suspects = new Set([...suspects, ...names]);
    }
  } finally {
    await everyOne(readers, (reader) => reader.close());
  }
}

/** True where what is known of other tables' rows can change what becomes of this one's. */
function leadsOn(table: MappedTable): boolean {
  if (table.scope !== 'clinic') return table.scope === 'central' && table.copyReferenced;
  return [...table.rules, ...table.witnesses].some(({ kind }) => kind === 'path');
}

async function surveyTables(
  options: SurveyOptions,
  readers: readonly Session[],
  tables: readonly MappedTable[],
  suspects: ReadonlySet<string>,
  surveys: Map<MappedTable, TableSurvey>,
): Promise<void> {
  await shareOut(tables, readers, async (table, reader) => {
    if (options.signal.aborted)
      throw new InterruptedError('interrupted while looking at the legacy database');
    surveys.set(table, await surveyTable(reader, options, table, suspects).catch(nameTable(table)));
    options.onTable(displayName(table));
  });
}

/** Bytes that mean nothing in the legacy database's own encoding: they can be sent nowhere. */
function nameTable(table: MappedTable): (error: unknown) => never {
  return (error) => {
    if (!isAboutText(error)) throw error;
    throw new RunError(
      `${displayName(table)} holds text that means nothing in the legacy database's own encoding: ${error instanceof Error ? error.message : String(error)}`,
      {
        cause: error,
        hint: 'Correct it in the legacy database; its text in UTF-8 is what is copied and compared.',
      },
    );
  };
}
