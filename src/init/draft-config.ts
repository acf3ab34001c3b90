import type { Table } from '../catalog/types.js';
import type { AppConfig, TableConfig } from '../config/types.js';
import type { Finding } from '../core/finding.js';
import { displayName } from '../core/identifiers.js';
import type { TableIndex } from '../tenancy/tables.js';
import { tableKey } from '../tenancy/tables.js';
import type { ClinicTable, TenancyMap } from '../tenancy/types.js';
import type { ChosenClinicTable } from './clinic-table.js';
import type { ConfigDraft, DatabaseDraft, Entry } from './config-text.js';
import type { Decision } from './decide.js';
import { configName, joinAnswers, type Subject, type TableDecisions } from './settle-tables.js';
import { passwordColumn } from './traits.js';

/** What is known of the legacy database when every question has been answered. */
export interface Decided {
  readonly subject: Subject;
  /** Every schema that holds tables, and which are read. */
  readonly schemas: {
    /** Those that hold tables. */
    readonly all: readonly string[];
    readonly chosen: readonly string[];
    /** Without tables, for what the chosen ones need of them. */
    readonly needed: readonly string[];
  };
  readonly clinicTable: ChosenClinicTable;
  /** For tables that nothing settled. */
  readonly tables: TableDecisions;
  /** For columns that name other clinics. */
  readonly others: TableDecisions;
  /** For rows with an empty clinic key. */
  readonly keyless: TableDecisions;
  readonly unassignable: Decision<'stop' | 'quarantine'> | undefined;
  readonly map: TenancyMap;
  /** What keeps inspect from accepting it all the same. */
  readonly left: readonly Finding[];
}

/** One key of the `app` section; without a value nothing was found. */
interface AppValue {
  readonly key: keyof AppConfig;
  readonly value: string | undefined;
  readonly why: string;
  readonly isOpen?: true;
}

/**
 * The configuration to write; `decided` is undefined where no database was looked at. `root` is the application's folder
 * relative to the file, empty where they are one.
 */
export function draftConfig(
  decided: Decided | undefined,
  app: readonly AppValue[],
  root: string,
): ConfigDraft {
  const left = decided?.left ?? [];
  return {
    database: decided && databaseDraft(decided),
    app: appEntries(app, root),
    left: [
      ...(decided === undefined ? [NO_DATABASE] : []),
      ...left.map(({ message, hint }) => (hint === undefined ? `${message}.` : `${message}. ${hint}`)),
    ],
  };
}

/** Said where only the application was looked at. */
export const NO_DATABASE =
  "no database was looked at, so nothing tells which models are central: name them in app.modelScopes, as in { User: 'central' }; or move this file away and run init again with the legacy database.";

function databaseDraft(decided: Decided): DatabaseDraft {
  const { subject, clinicTable, unassignable } = decided;
  const { table, key, label, database } = subject.clinics;
  return {
    schemas: schemasEntry(decided.schemas),
    clinics: {
      name: 'clinics',
      value: { table: table ?? '', key: key ?? '', label: label ?? '', database },
      comments: [
        ...(clinicTable.decision === undefined
          ? [`${displayName(clinicTable.table)} holds the clinics: ${clinicTable.facts.join('; ')}.`]
          : decisionComments(clinicTable.decision)),
      ],
    },
    tables: tableEntries(decided),
    unassignable: unassignable && {
      name: 'unassignable',
      value: unassignable.chosen.value,
      comments: decisionComments(unassignable),
    },
  };
}

function schemasEntry({ all, chosen, needed }: Decided['schemas']): Entry<readonly string[]> {
  const value = [...chosen, ...needed];
  const isDefault = value.length === 1 && value[0] === 'public';
  const others = all.filter((schema) => !chosen.includes(schema));
  const comments = [
    ...(chosen.length > 1 && needed.length === 0 ? ['Each of these schemas holds tables.'] : []),
    ...(needed.length > 0
      ? [`Without tables, and yet something in the others needs what they hold: ${needed.join(', ')}.`]
      : []),
    ...(others.length > 0 ? [`Not read, though they hold tables: ${others.join(', ')}.`] : []),
  ];
  return { name: 'schemas', value: isDefault ? undefined : value, comments };
}

/** In the catalog's order; a clinic's logins that nobody decided on get a comment of their own. */
function tableEntries({ subject, tables, others, keyless, map }: Decided): Entry<TableConfig>[] {
  const logins = loginTables(subject.index, map);
  return subject.index.roots.flatMap((table) => {
    const key = tableKey(table);
    const decisions = [tables, others, keyless].flatMap((all) => all.get(key)?.decision ?? []);
    const login = logins.find(({ entry }) => tableKey(entry) === key);
    if (decisions.length === 0 && login === undefined) return [];
    const name = configName(subject.index, table);
    const comments = [
      ...decisions.map((decision) => `${name}: ${decisionComments(decision).join(' ')}`),
      ...(login === undefined ? [] : [loginComment(name, login)]),
    ];
    const value = decisions.map(({ chosen }) => chosen.value).reduce(joinAnswers, undefined);
    return [{ name, value, comments }];
  });
}

function loginComment(name: string, { entry, column }: Login): string {
  return (
    `${name}: each row is a clinic's own, by ${entry.rule}. But ${column} says that they are logins, and who logs in ` +
    `has no clinic yet: if the application looks for a login before it knows the clinic, give it the scope 'central'.`
  );
}

interface Login {
  readonly entry: ClinicTable;
  readonly column: string;
}

/** Tables of the clinics whose rows are logins. */
export function loginTables(index: TableIndex, map: TenancyMap): Login[] {
  return map.tables.flatMap((entry) => {
    const table: Table | undefined = index.find(entry);
    const column = table && passwordColumn(table);
    return entry.scope !== 'clinic' || column === undefined ? [] : [{ entry, column }];
  });
}

/** What is known; what was decided and why, and what else it could be. */
function decisionComments({ facts, chosen, why, others }: Decision): string[] {
  const known = facts.length === 0 ? [] : [`${facts.join('; ')}.`];
  if (why === undefined) return [...known, `Answered: ${chosen.label}.`];
  const also = others.map(({ label }) => label).join('; ');
  return [...known, `Decided: ${chosen.label}, because ${why}. It could also be: ${also}.`];
}

function appEntries(app: readonly AppValue[], root: string): Entry<string>[] {
  if (app.length === 0) return [];
  const place = root === '' ? [] : [{ name: 'root', value: root, comments: [] }];
  return [
    ...place,
    ...app.map(({ key, value, why, isOpen }) => ({
      name: key,
      value,
      comments: [isOpen ? `TO DO: ${key}: ${why}` : why],
    })),
  ];
}
