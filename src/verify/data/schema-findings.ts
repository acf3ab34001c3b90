import type { SchemaCatalog } from '../../catalog/types.js';
import type { Finding } from '../../core/finding.js';
import { inDatabase } from '../../core/hints.js';
import { displayName, type QualifiedName, sameName } from '../../core/identifiers.js';
import type { Session } from '../../core/ports.js';
import { databaseOf } from '../../core/urls.js';
import type { Drift, Thing } from './drift.js';
import { type Meaning, meaningFinding, readMeaning, type Unlike, unlikeIn } from './meaning.js';
import type { VerifyDataOptions } from './options.js';
import { isClinicTable } from './places.js';
import { withoutLoginPolicies } from './policies.js';
import { sameMajor, schemaDrift } from './schema.js';
import type { Subject } from './subject.js';
import { isAbout, isElsewhere } from './told.js';
import { readTraits, type Traits, traitDrift } from './traits.js';

/** What the legacy database's objects are bound to, and what else they are like. */
export interface LegacySchema {
  readonly meaning: Meaning;
  readonly traits: Traits;
}

export async function readLegacySchema(reader: Session): Promise<LegacySchema> {
  return { meaning: await readMeaning(reader), traits: await readTraits(reader) };
}

/** How a database's schema, which `actual` is the catalog of, departs from what the legacy schema and the map call for. */
export async function schemaFindings(
  session: Session,
  subject: Subject,
  actual: SchemaCatalog,
  options: VerifyDataOptions,
  legacy: LegacySchema,
): Promise<Finding[]> {
  const told = driftsOf(options, subject, actual);
  const unlike = unlikeIn(legacy.meaning, await readMeaning(session)).filter(
    ({ place }) => !isElsewhere(place, options.catalog, subject.belonging),
  );
  const traits = traitDrift(
    legacy.traits,
    await readTraits(session),
    sameMajor(options.catalog, actual),
  ).filter(
    (drift) =>
      !isElsewhere({ relation: relationOf(drift, options.catalog) }, options.catalog, subject.belonging),
  );
  return tell([...told, ...traits.filter((drift) => isUntold(drift, told, unlike))], unlike, subject);
}

function driftsOf({ catalog, map }: VerifyDataOptions, subject: Subject, actual: SchemaCatalog): Drift[] {
  return schemaDrift(catalog, map, subject.belonging, withoutLoginPolicies(actual))
    .filter(({ isSurplus }) => isSurplus !== true)
    .filter(({ kind, table }) => {
      // The central database may have served other purposes before; only clinics' tables are out of place there.
      if (kind !== 'misplaced' || subject.clinic !== undefined) return true;
      const mapped = map.tables.find((each) => displayName(each) === displayName(table));
      return mapped?.scope === 'clinic' && !isClinicTable(map, table);
    });
}

/** The table or view that an object is, or that a sequence goes with. */
function relationOf({ table, about }: Drift, catalog: SchemaCatalog): QualifiedName | null {
  if (about !== undefined && !about.kind.endsWith('view')) return null;
  const sequence = catalog.sequences.find((each) => sameName(each, table));
  return sequence === undefined ? table : (sequence.ownedBy?.table ?? null);
}

/** False where something is said already of the object, or of a type's check. */
function isUntold({ about }: Drift, told: readonly Drift[], unlike: readonly Unlike[]): boolean {
  if (about === undefined) return true;
  const isSame = (other: Thing): boolean => other.kind === about.kind && sameName(other, about);
  const name = displayName(about);
  return !(
    told.some((drift) => drift.about !== undefined && isSame(drift.about)) ||
    unlike.some(({ identity }) => identity === name || identity.endsWith(` on ${name}`))
  );
}

/** One cause is one finding: the one that says more, with what mends it. */
function tell(drifts: readonly Drift[], unlike: readonly Unlike[], subject: Subject): Finding[] {
  const vague = drifts.filter(({ kind }) => kind === 'object' || kind === 'speed');
  const untold = unlike.filter(
    ({ place }) => !drifts.some((drift) => !vague.includes(drift) && isAbout(drift, place)),
  );
  const mend = ({ place }: Unlike): string | undefined => vague.find((drift) => isAbout(drift, place))?.hint;
  return [
    ...drifts
      .filter((drift) => !vague.includes(drift) || !untold.some(({ place }) => isAbout(drift, place)))
      .map((drift) => driftFinding(drift, subject)),
    ...untold.map((each) => meaningFinding(each, subject, mend(each))),
  ];
}

function driftFinding({ kind, table, what, hint }: Drift, { place, url }: Subject): Finding {
  const isMisplaced = kind === 'misplaced';
  const when = isMisplaced ? 'Once its rows are known to be elsewhere: ' : '';
  return {
    code: isMisplaced ? 'DATA_TABLE_MISPLACED' : 'DATA_SCHEMA_DRIFT',
    severity: kind === 'speed' ? 'warning' : 'error',
    subject: displayName(table),
    message: `${place}: ${displayName(table)}: ${what}`,
    ...(hint === undefined ? {} : { hint: `${when}${inDatabase(databaseOf(url), hint)}` }),
  };
}
