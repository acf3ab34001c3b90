import { oidText } from '../catalog/large-objects.js';
import type { SchemaCatalog } from '../catalog/types.js';
import { quoteIdent } from '../core/identifiers.js';
import type { Session } from '../core/ports.js';
import type { Clinic, TenancyMap } from '../tenancy/types.js';
import { planTables, routedTable, type TablePlan } from './plan.js';
import { referencedRouting } from './referenced.js';
import { routing } from './routing.js';
import { readRoute } from './survey/routes.js';
import { sampleExpression } from './survey/samples.js';
import { findTable } from './unique.js';

/** Rows that name a large object, all of them in one place and by one column. */
export interface Naming {
  readonly plan: TablePlan;
  readonly column: string;
  readonly oid: string;
  /** The key of one of the rows. */
  readonly sample: string;
  readonly rows: number;
}

/** Which databases need which large objects, by oid, and what is wrong with it. */
export interface LargeObjectNeeds {
  /** By clinic key: those that its own rows name, and rows that are copied for it. */
  readonly clinics: ReadonlyMap<string, ReadonlySet<string>>;
  /** Those of rows that every clinic gets. */
  readonly everyClinic: ReadonlySet<string>;
  /** Those of the rows that the central database gets. */
  readonly central: ReadonlySet<string>;
  /** Those of rows that have no place. */
  readonly aside: ReadonlySet<string>;
  /** Rows that name what is not there. */
  readonly dangling: readonly Naming[];
  /** Two clinics whose own rows name the same object. */
  readonly ofTwo: readonly { readonly oid: string; readonly by: readonly [OwnNaming, OwnNaming] }[];
}

export interface OwnNaming extends Naming {
  readonly key: string;
}

export interface NeedsOptions {
  readonly catalog: SchemaCatalog;
  readonly map: TenancyMap;
  readonly clinics: readonly Clinic[];
  readonly suspects: ReadonlySet<string>;
}

/** Reads every column that names large objects. In the snapshot's transaction; the map says which columns these are. */
export async function readLargeObjectNeeds(
  session: Session,
  options: NeedsOptions,
): Promise<LargeObjectNeeds> {
  const needs = new Needs(options.clinics);
  for (const plan of planTables(options.catalog, options.map)) {
    if (plan.mapped.largeObjects === undefined) continue;
    if (plan.clinics === 'each its own') needs.addRouted(await readRouted(session, plan, options), plan);
    else {
      const to = [
        ...(plan.clinics === 'all' ? ['every clinic' as const] : []),
        ...(plan.central ? ['central' as const] : []),
      ];
      needs.addWhole(await readWhole(session, plan, options), to);
    }
    if (plan.clinics === 'referenced') needs.addLent(await readLent(session, plan, options));
  }
  return needs;
}

/** What rows name, by where they go; `there` is false where there is no such object. */
interface Found extends Naming {
  readonly route: string;
  readonly there: boolean;
}

class Needs implements LargeObjectNeeds {
  readonly clinics = new Map<string, Set<string>>();
  readonly everyClinic = new Set<string>();
  readonly central = new Set<string>();
  readonly aside = new Set<string>();
  readonly dangling: Naming[] = [];
  readonly ofTwo: { oid: string; by: [OwnNaming, OwnNaming] }[] = [];
  private readonly owners = new Map<string, OwnNaming | 'two'>();
  private readonly keys: ReadonlySet<string>;

  constructor(clinics: readonly Clinic[]) {
    this.keys = new Set(clinics.map(({ key }) => key));
  }

  addRouted(found: readonly Found[], plan: TablePlan): void {
    for (const one of this.those(found)) {
      const place = readRoute(one.route, this.keys);
      if (place === 'shared') this.everyClinic.add(one.oid);
      else if (typeof place === 'string') this.aside.add(one.oid);
      else {
        this.needed(place.key, one.oid);
        this.owned({ ...one, key: place.key });
      }
      if (plan.central) this.central.add(one.oid);
    }
  }

  addWhole(found: readonly Found[], to: readonly ('every clinic' | 'central')[]): void {
    for (const { oid } of this.those(found)) {
      if (to.includes('every clinic')) this.everyClinic.add(oid);
      if (to.includes('central')) this.central.add(oid);
    }
  }

  /** Several clinics may borrow a row, with what it names. */
  addLent(found: readonly Found[]): void {
    for (const { oid, route, there } of found) {
      const place = readRoute(route, this.keys);
      if (!there) continue;
      if (place === 'shared') this.everyClinic.add(oid);
      else if (typeof place !== 'string') this.needed(place.key, oid);
    }
  }

  private those(found: readonly Found[]): Found[] {
    this.dangling.push(...found.filter(({ there }) => !there));
    return found.filter(({ there }) => there);
  }

  private needed(key: string, oid: string): void {
    const own = this.clinics.get(key);
    if (own === undefined) this.clinics.set(key, new Set([oid]));
    else own.add(oid);
  }

  private owned(naming: OwnNaming): void {
    const before = this.owners.get(naming.oid);
    if (before === undefined) this.owners.set(naming.oid, naming);
    else if (before !== 'two' && before.key !== naming.key) {
      this.ofTwo.push({ oid: naming.oid, by: [before, naming] });
      this.owners.set(naming.oid, 'two');
    }
  }
}

function readRouted(session: Session, plan: TablePlan, options: NeedsOptions): Promise<Found[]> {
  const mapped = routedTable(plan);
  if (mapped === undefined) return Promise.resolve([]);
  const routed = routing(mapped, { ...options, columns: [], expressions: expressionsOf(plan, options) });
  return readFound(session, plan, routed);
}

function readLent(session: Session, plan: TablePlan, options: NeedsOptions): Promise<Found[]> {
  const keys = options.clinics.map(({ key }) => key);
  const expressions = expressionsOf(plan, options);
  return readFound(
    session,
    plan,
    referencedRouting(plan.mapped, { ...options, keys, columns: [], expressions }),
  );
}

function readWhole(session: Session, plan: TablePlan, options: NeedsOptions): Promise<Found[]> {
  return readFound(session, plan, {
    with: '',
    from: plan.rows,
    route: "''",
    expressions: expressionsOf(plan, options),
  });
}

/** What names the row, then each column. */
function expressionsOf({ table, mapped }: TablePlan, { catalog }: NeedsOptions): string[] {
  const values = (mapped.largeObjects ?? []).map((column) => oidText(quoteIdent(column)));
  return [sampleExpression(findTable(catalog, table)), ...values];
}

async function readFound(
  session: Session,
  plan: TablePlan,
  rows: {
    readonly with: string;
    readonly from: string;
    readonly route: string;
    readonly expressions: readonly string[];
  },
): Promise<Found[]> {
  const [sample, ...values] = rows.expressions;
  const list = [
    `${rows.route} AS route`,
    `${sample} AS sample`,
    ...values.map((sql, i) => `${sql} AS v${i}`),
  ];
  const each = values.map((_, i) => `(${i}, r.v${i})`).join(', ');
  const found = await session.query<{
    route: string;
    column: number;
    oid: string;
    sample: string;
    rows: string;
    there: boolean;
  }>(
    `${rows.with}SELECT r.route, v.at AS column, v.value AS oid, min(r.sample COLLATE "C") AS sample, count(*)::text AS rows,
       m.oid IS NOT NULL AS there
     FROM (SELECT ${list.join(', ')} FROM ${rows.from}) AS r
     CROSS JOIN LATERAL (VALUES ${each}) AS v (at, value)
     LEFT JOIN pg_catalog.pg_largeobject_metadata AS m ON ${oidText('m.oid')} = v.value
     WHERE v.value <> '0' GROUP BY 1, 2, 3, 6 ORDER BY v.at, v.value, r.route`,
  );
  const columns = plan.mapped.largeObjects ?? [];
  return found.map((one) => ({ ...one, plan, column: columns[one.column] ?? '', rows: Number(one.rows) }));
}
