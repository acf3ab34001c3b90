import type { SchemaCatalog, SchemaObject } from '../../catalog/types.js';
import type { Finding } from '../../core/finding.js';
import { inDatabase } from '../../core/hints.js';
import { type QualifiedName, quoteIdent, sameName } from '../../core/identifiers.js';
import type { Session } from '../../core/ports.js';
import { databaseOf } from '../../core/urls.js';
import type { TenancyMap } from '../../tenancy/types.js';
import { clinicTables, isRelationOf } from './places.js';
import type { Subject } from './subject.js';

/** Something that stands in a schema by itself, as PostgreSQL names it; a schema that is empty has no type. */
interface Thing extends QualifiedName {
  readonly type: string | null;
  /** With its schema and arguments, quoted: what DROP takes. */
  readonly identity: string | null;
}

/** What depends on its schema stands in it; the members of extensions come and go with them, and so do a range's functions. */
const THINGS = `
  SELECT n.nspname::text AS schema, i.type, a.object_names[pg_catalog.cardinality(a.object_names)] AS name, i.identity
    FROM pg_catalog.pg_namespace n
    LEFT JOIN pg_catalog.pg_depend d ON d.refclassid = 'pg_catalog.pg_namespace'::regclass AND d.refobjid = n.oid
     AND d.deptype = 'n' AND NOT EXISTS (
           SELECT FROM pg_catalog.pg_depend e WHERE e.classid = d.classid AND e.objid = d.objid AND e.deptype IN ('e', 'i'))
    LEFT JOIN LATERAL pg_catalog.pg_identify_object(d.classid, d.objid, d.objsubid) AS i ON d.objid IS NOT NULL
    LEFT JOIN LATERAL pg_catalog.pg_identify_object_as_address(d.classid, d.objid, d.objsubid) AS a ON d.objid IS NOT NULL
   WHERE n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'clinic_migrate')
     AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend e WHERE e.classid = 'pg_catalog.pg_namespace'::regclass
                        AND e.objid = n.oid AND e.deptype = 'e')
   ORDER BY 1, 2, 4`;

/** The names of what stands in the schemas of the legacy database. */
export async function readStanding(legacy: Session): Promise<ReadonlySet<string>> {
  return new Set((await legacy.query<Record<string, unknown> & Thing>(THINGS)).map(nameOf));
}

const nameOf = ({ type, identity }: Thing): string => `${type} ${identity}`;

/** What a clinic's database has, and the legacy database does not call for: schemas, and what stands in them or in none. */
export async function surplusFindings(
  session: Session,
  { clinic, place, url }: Subject,
  standing: ReadonlySet<string>,
  { catalog, map }: { readonly catalog: SchemaCatalog; readonly map: TenancyMap },
  actual: SchemaCatalog,
): Promise<Finding[]> {
  if (clinic === undefined) return []; // The central database may serve other purposes.
  const extensions = catalog.objects.filter(({ kind }) => kind === 'extension').map(({ schema }) => schema);
  const schemas = new Set(['public', ...catalog.schemas, ...extensions]);
  const things = await session.query<Record<string, unknown> & Thing>(THINGS);
  const finding = (what: string, subject: string, drop: string): Finding => ({
    code: 'DATA_OBJECT_EXTRA',
    severity: 'error',
    subject,
    message: `${place}: ${what}, and the legacy database does not call for it`,
    hint: `Find out what made it. Where nothing needs it: ${inDatabase(databaseOf(url), `DROP ${drop}`)}`,
  });
  const strange = [...new Set(things.map(({ schema }) => schema))].filter((schema) => !schemas.has(schema));
  return [
    ...strange.map((schema) => {
      const held = things.filter((each) => each.schema === schema && each.type !== null).length;
      const what = `the schema ${schema} is there, with ${held === 0 ? 'nothing' : `${held} object${held === 1 ? '' : 's'}`} in it`;
      return finding(what, schema, `SCHEMA IF EXISTS ${quoteIdent(schema)} CASCADE`);
    }),
    ...things
      .filter((thing) => schemas.has(thing.schema) && thing.type !== null)
      .filter((thing) => !isCalledFor(thing, standing, { catalog, map }, actual))
      .map((thing) =>
        finding(
          `the ${thing.type} ${thing.identity} is there`,
          String(thing.identity),
          `${DROPS[thing.type ?? ''] ?? thing.type?.toUpperCase()} IF EXISTS ${thing.identity} CASCADE`,
        ),
      ),
    ...actual.objects
      .filter((object) => Object.hasOwn(OF_DATABASE, object.kind))
      .filter(
        ({ kind, name }) => !catalog.objects.some((other) => other.kind === kind && other.name === name),
      )
      .map(({ kind, name }) =>
        finding(
          `the ${kind} ${name} is there`,
          name,
          `${OF_DATABASE[kind]} IF EXISTS ${quoteIdent(name)} CASCADE`,
        ),
      ),
  ];
}

/** Where DROP has another word for it. */
const DROPS: Readonly<Record<string, string>> = {
  'statistics object': 'STATISTICS',
  'composite type': 'TYPE',
};

/** What is in no schema, with the word that DROP has for it. */
const OF_DATABASE: Partial<Record<SchemaObject['kind'], string>> = {
  extension: 'EXTENSION',
  'event trigger': 'EVENT TRIGGER',
  'foreign data wrapper': 'FOREIGN DATA WRAPPER',
  'foreign server': 'SERVER',
  publication: 'PUBLICATION',
  language: 'LANGUAGE',
  'access method': 'ACCESS METHOD',
};

function isCalledFor(
  thing: Thing,
  standing: ReadonlySet<string>,
  { catalog, map }: { readonly catalog: SchemaCatalog; readonly map: TenancyMap },
  actual: SchemaCatalog,
): boolean {
  const { type, schema } = thing;
  const isOurs = catalog.schemas.includes(schema);
  // Tables of these schemas are compared one by one, and statistics with their table.
  if (isOurs && (type === 'table' || type === 'foreign table' || type === 'statistics object')) return true;
  if (type === 'extension') return true; // told with what is in no schema
  if (type === 'sequence' && actual.sequences.some((each) => sameName(each, thing) && each.ownedBy))
    return true; // it goes with its table
  if (!standing.has(nameOf(thing))) return false;
  const belongs = (table: QualifiedName): boolean => clinicTables(map).some((each) => sameName(each, table));
  if (type === 'sequence') {
    const owner = catalog.sequences.find((sequence) => sameName(sequence, thing))?.ownedBy?.table;
    const root = catalog.tables.find((table) => owner !== undefined && sameName(table, owner))?.parent;
    return owner === undefined || belongs(root ?? owner);
  }
  return type === 'view' || type === 'materialized view'
    ? isRelationOf(thing, catalog, clinicTables(map))
    : true;
}
