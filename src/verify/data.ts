import { codeReader, readCode } from '../catalog/code.js';
import { sameDatabase } from '../catalog/same-database.js';
import { RunError } from '../core/errors.js';
import type { Finding } from '../core/finding.js';
import { commandLine, forgetClinic } from '../core/hints.js';
import { displayName } from '../core/identifiers.js';
import type { Session } from '../core/ports.js';
import { sideBySide } from '../core/side-by-side.js';
import { databaseOf } from '../core/urls.js';
import { conservationFindings } from './data/conservation.js';
import { type Check, checkDatabase } from './data/database.js';
import { openReaders, readLegacy } from './data/legacy.js';
import type { VerifyDataOptions } from './data/options.js';
import { centralTables, clinicTables } from './data/places.js';
import { withoutOthersPolicies } from './data/policies.js';
import { quarantineFindings, readQuarantine } from './data/quarantine.js';
import { readLegacySchema } from './data/schema-findings.js';
import { readSurroundings } from './data/settings.js';
import type { Subject } from './data/subject.js';
import { readStanding } from './data/surplus.js';
import { countRows, SAMPLES, showClinic, showKeys } from './data/words.js';

export type { VerifyDataOptions } from './data/options.js';

/**
 * Proves that the clinic databases, the central database and quarantine together hold the legacy rows, each where it
 * belongs. Every legacy table is read once, grouped by a clinic that is derived here; every other database is read
 * once; only what differs is read again. Empty when there is nothing to say. RunError where the check could not run.
 */
export async function verifyData(options: VerifyDataOptions): Promise<Finding[]> {
  const readers = await openReaders(options.databases, options.legacyUrl, Math.max(1, options.jobs));
  const [reader] = readers;
  if (reader === undefined) throw new RunError('the legacy database could not be opened');
  try {
    const catalog = await withoutOthersPolicies(reader, options.catalog, options.login);
    return await compare({ ...options, catalog }, readers, reader);
  } finally {
    await Promise.all(readers.map((each) => each.close()));
  }
}

async function compare(
  options: VerifyDataOptions,
  readers: readonly Session[],
  reader: Session,
): Promise<Finding[]> {
  const { map, targets, progress } = options;
  const subjects = await subjectsOf(options, reader);
  const task = progress.start('Comparing every row with the legacy database', {
    total: map.tables.length + subjects.length,
    unit: 'steps',
  });
  try {
    const legacy = await readLegacy(options, readers, () => task.advance(1));
    const surroundings = await readSurroundings(options, reader);
    const standing = await readStanding(reader);
    const schema = await readLegacySchema(reader);
    const code = await readCode(reader);
    const check: Check = {
      options,
      legacy,
      surroundings,
      standing,
      schema,
      code,
      readCode: codeReader(),
      searches: new Map(),
    };
    const results = await sideBySide(subjects, readers.length, async (subject, worker) => {
      const result = await checkDatabase(check, subject, readers[worker] ?? reader);
      task.advance(1, `Checked ${subject.place}`);
      return result;
    });
    const quarantine = await readQuarantine(check);
    const findings = [
      ...notChecked(options, check),
      ...results.flatMap((result) => result.findings),
      ...(await quarantineFindings(check, quarantine, reader)),
    ];
    const held = results.flatMap(({ digests }, i) =>
      digests !== undefined && subjects[i]?.compare === true && subjects[i]?.clinic !== undefined
        ? [digests]
        : [],
    );
    if (held.length === options.clinics.length && targets.length === options.clinics.length)
      findings.push(...conservationFindings(legacy.rows, held, quarantine));
    task.done();
    return findings;
  } catch (error) {
    task.fail();
    throw error;
  }
}

/** The central database, unless it is the legacy one, and every clinic's. */
async function subjectsOf(
  { databases, map, targets, centralUrl }: VerifyDataOptions,
  legacy: Session,
): Promise<Subject[]> {
  const central: Subject = {
    clinic: undefined,
    place: 'the central database',
    url: centralUrl,
    role: undefined,
    belonging: centralTables(map),
    compare: true,
  };
  const clinics = targets.map(
    ({ clinic, adminUrl, role, state }): Subject => ({
      clinic,
      place: showClinic(clinic),
      url: adminUrl,
      role,
      belonging: clinicTables(map),
      compare: state !== 'active',
    }),
  );
  const session = await databases.connect(centralUrl, { readOnly: true });
  try {
    return (await sameDatabase(session, legacy)) ? clinics : [central, ...clinics];
  } finally {
    await session.close();
  }
}

/** Whatever is passed over is said. */
function notChecked({ map, clinics, targets, centralUrl }: VerifyDataOptions, { legacy }: Check): Finding[] {
  const finding = (message: string, severity: Finding['severity'], hint?: string): Finding => ({
    code: 'DATA_NOT_CHECKED',
    severity,
    message,
    ...(hint === undefined ? {} : { hint }),
  });
  const findings: Finding[] = [];
  for (const table of map.tables) {
    const name = displayName(table);
    const rows = legacy.rows.get(table)?.total.rows ?? 0;
    if (table.scope === 'unresolved' && rows > 0)
      findings.push({
        ...finding(
          `${name}: nothing says where its ${countRows(rows)} belong`,
          'error',
          `Settle it as ${commandLine('inspect')} says.`,
        ),
        subject: name,
      });
  }
  const without = clinics.filter(({ key }) => !targets.some(({ clinic }) => clinic.key === key));
  if (without.length > 0) {
    const keys = without.map(({ key }) => key);
    const named = keys.length > SAMPLES ? [] : keys;
    findings.push(
      finding(
        `${without.length} clinics have no database of their own yet: ${showKeys(keys, without.length)}`,
        'warning',
        `Run ${commandLine('provision', ...named)} and ${commandLine('split', ...named)}.`,
      ),
    );
  }
  const gone = targets.filter(({ clinic }) => !clinics.some(({ key }) => key === clinic.key));
  for (const target of gone)
    findings.push(
      finding(
        `${showClinic(target.clinic)} has a database, and the legacy database does not have the clinic any more`,
        target.state === 'active' ? 'info' : 'warning',
        `If the clinic is gone for good: ${forgetClinic(target, databaseOf(centralUrl))}`,
      ),
    );
  const active = targets.filter(({ state }) => state === 'active').map(({ clinic }) => clinic.key);
  if (active.length > 0)
    findings.push(
      finding(
        `${active.length} clinics are served from their own databases, which may differ from the legacy one: ${showKeys(active, active.length)}`,
        'info',
      ),
    );
  return findings;
}
