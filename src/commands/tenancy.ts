import { nameOfAppLogin } from '../catalog/app-login.js';
import { probeColumns } from '../catalog/probe.js';
import { readCatalog } from '../catalog/read-catalog.js';
import { rowsOf } from '../catalog/rows.js';
import type { SchemaCatalog } from '../catalog/types.js';
import { requireSection } from '../config/sections.js';
import type { Finding } from '../core/finding.js';
import { displayName, type QualifiedName, quoteIdent, quoteName } from '../core/identifiers.js';
import { lookAlwaysInto, lookingInto } from '../core/name-path.js';
import type { Databases, Session } from '../core/ports.js';
import { inventoryFindings } from '../provision/inventory.js';
import { surveyFindings } from '../split/survey/findings.js';
import type { TableSurvey } from '../split/survey/types.js';
import { buildTenancyMap } from '../tenancy/build-map.js';
import { candidateColumns } from '../tenancy/candidates.js';
import { findClinicTable } from '../tenancy/clinic-table.js';
import type { Clinic, TenancyMap } from '../tenancy/types.js';
import type { Context } from './command.js';

/** What the legacy database says of itself. */
export interface Tenancy {
  readonly catalog: SchemaCatalog;
  readonly map: TenancyMap;
  /** Every clinic, in the order of their keys. */
  readonly clinics: readonly Clinic[];
  /** What to read its tables, and those made of them, with. */
  readonly databases: Databases;
}

/** A session on the legacy database that the server itself keeps from writing. */
export async function openLegacy({ config, databases }: Context): Promise<Session> {
  return databases.connect(requireSection(config, 'legacy').url, { readOnly: true });
}

/** Reads schema, tenancy map and clinics; the map may hold findings that forbid to go on. */
export async function readTenancy({ config, databases }: Context, legacy: Session): Promise<Tenancy> {
  const { schemas, login } = requireSection(config, 'legacy');
  const known = await nameOfAppLogin(legacy, schemas, login);
  const catalog = await readCatalog(legacy, schemas, known, config.extensions);
  const { readPath } = catalog;
  if (readPath.length > 0) await legacy.execute(lookAlwaysInto(readPath));
  const clinicTable = findClinicTable(catalog, config.clinics);
  const probes = await probeColumns(
    legacy,
    clinicTable,
    candidateColumns(catalog, clinicTable, config.tables),
  );
  const map = buildTenancyMap(catalog, config, probes);
  const clinics = await readClinics(legacy, catalog, clinicTable);
  return {
    catalog,
    map: { ...map, findings: [...map.findings, ...noClinics(clinicTable, clinics)] },
    clinics,
    databases: readPath.length > 0 ? lookingInto(databases, readPath) : databases,
  };
}

/** Of a table without rows every check would hold, and nothing would be made. */
function noClinics(table: QualifiedName, clinics: readonly Clinic[]): Finding[] {
  if (clinics.length > 0) return [];
  const subject = displayName(table);
  const message = `${subject} is the table of the clinics and has no row`;
  return [{ code: 'TENANCY_NO_CLINICS', severity: 'error', subject, message }];
}

/** All that is to be said of a legacy database whose every row has been looked at. */
export function legacyFindings(
  { catalog, map }: Pick<Tenancy, 'catalog' | 'map'>,
  surveys: readonly TableSurvey[],
  unassignable: 'stop' | 'quarantine',
): Finding[] {
  return [
    ...map.findings,
    ...inventoryFindings(catalog, map),
    ...surveys.flatMap((survey) => surveyFindings(survey, { unassignable, map })),
  ];
}

/** Every clinic, in the order of their keys. */
export async function readClinics(
  legacy: Session,
  catalog: SchemaCatalog,
  table: QualifiedName & { readonly key: string; readonly label: string },
): Promise<Clinic[]> {
  const key = quoteIdent(table.key);
  const entry = catalog.tables.find(({ schema, name }) => schema === table.schema && name === table.name);
  return legacy.query<{ key: string; label: string }>(
    `SELECT ${key}::text AS key, coalesce(${quoteIdent(table.label)}::text, ${key}::text) AS label
       FROM ${entry === undefined ? quoteName(table) : rowsOf(entry)} ORDER BY ${key}`,
  );
}
