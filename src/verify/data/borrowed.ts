import { rowsOf } from '../../catalog/rows.js';
import type { ForeignKey, SchemaCatalog, Table } from '../../catalog/types.js';
import { quoteIdent, sameName } from '../../core/identifiers.js';
import type { MappedTable } from '../../tenancy/types.js';
import { equal } from './equality.js';
import { type OwnershipOptions, ownership } from './ownership.js';
import { catalogTable } from './places.js';

/** The rows of a central table that clinics have copies of, as SQL: each once a clinic, or once where all have it. */
export interface BorrowedRows {
  readonly from: string;
  /** The table's alias in `from`. */
  readonly row: string;
  /** SQL: the key of the clinic that has a copy; NULL where every clinic has. */
  readonly clinic: string;
}

interface Link {
  readonly owner: Table;
  readonly mapped: MappedTable;
  readonly key: ForeignKey;
  readonly lender: Table;
}

/** Follows every foreign key that clinic databases keep, from the rows that are there to the central rows they need. */
export function borrowedRows(table: MappedTable, options: OwnershipOptions): BorrowedRows {
  const links = linksOf(options);
  const wanted = links.flatMap((link) => wantedBy(link, options));
  const onwards = links
    .filter(({ mapped }) => mapped.scope === 'central')
    .map(
      (link) => `SELECT r.tableoid AS tab, r.ctid AS tid, p.tableoid AS to_tab, p.ctid AS to_tid
        FROM ${rowsOf(link.owner)} AS r JOIN ${rowsOf(link.lender)} AS p ON ${refers(link, 'r', 'p')}`,
    );
  const more =
    onwards.length === 0
      ? ''
      : `UNION SELECT o.to_tab, o.to_tid, wanted.clinic FROM wanted
           JOIN (${onwards.join(' UNION ALL ')}) AS o ON o.tab = wanted.tab AND o.tid = wanted.tid`;
  const nobody = 'SELECT NULL::oid AS tab, NULL::tid AS tid, NULL::text AS clinic WHERE false';
  return {
    from: `(WITH RECURSIVE wanted AS (SELECT * FROM (${[nobody, ...wanted].join(' UNION ALL ')}) AS w ${more})
      SELECT DISTINCT tab, tid, clinic FROM wanted AS one WHERE clinic IS NULL OR NOT EXISTS (
        SELECT FROM wanted AS every WHERE every.clinic IS NULL AND every.tab = one.tab AND every.tid = one.tid)) AS b
      JOIN ${rowsOf(catalogTable(options.catalog, table))} AS r ON r.tableoid = b.tab AND r.ctid = b.tid`,
    row: 'r',
    clinic: 'b.clinic',
  };
}

function linksOf({ catalog, map }: OwnershipOptions): Link[] {
  const lenders = map.tables.filter((each) => each.scope === 'central' && each.copyReferenced);
  const lends = (table: Table): boolean => lenders.some((lender) => sameName(lender, table));
  return catalog.tables.flatMap((table) => {
    // Keys of a partition, and keys to one, are taken for those of the whole table.
    const owner = wholeOf(table, catalog);
    const mapped = map.tables.find((each) => sameName(each, owner));
    if (mapped === undefined || !(['clinic', 'shared'].includes(mapped.scope) || lends(owner))) return [];
    return table.foreignKeys.flatMap((key) => {
      const named = catalog.tables.find((each) => sameName(each, key.references));
      const lender = named && wholeOf(named, catalog);
      return lender !== undefined && lends(lender) ? [{ owner, mapped, key, lender }] : [];
    });
  });
}

function wholeOf(table: Table, catalog: SchemaCatalog): Table {
  return table.parent === undefined ? table : catalogTable(catalog, table.parent);
}

function wantedBy(link: Link, options: OwnershipOptions): string[] {
  const { mapped, owner, lender } = link;
  if (mapped.scope === 'shared')
    return [
      `SELECT p.tableoid, p.ctid, NULL::text FROM ${rowsOf(owner)} AS r
         JOIN ${rowsOf(lender)} AS p ON ${refers(link, 'r', 'p')}`,
    ];
  if (mapped.scope !== 'clinic') return [];
  const { from, row, place, clinic } = ownership(mapped, options);
  return [
    `SELECT lender.tableoid, lender.ctid, CASE WHEN ${place} = 'own' THEN ${clinic} END
       FROM ${from} JOIN ${rowsOf(lender)} AS lender ON ${refers(link, row, 'lender')}
      WHERE ${place} = 'shared' OR (${place} = 'own' AND ${clinic} IS NOT NULL)`,
  ];
}

function refers({ owner, key, lender }: Link, row: string, parent: string): string {
  return key.columns
    .map((column, i) => {
      const referenced = key.referencedColumns[i] ?? '';
      return equal(
        { sql: `${parent}.${quoteIdent(referenced)}`, table: lender, column: referenced },
        { sql: `${row}.${quoteIdent(column)}`, table: owner, column },
      );
    })
    .join(' AND ');
}
