import type { Finding } from '../../core/finding.js';
import type { FindingCode } from '../../core/finding-codes.js';
import { commandLine, inDatabase } from '../../core/hints.js';
import type { Session } from '../../core/ports.js';
import { databaseOf } from '../../core/urls.js';
import { type NamedObjects, readObjects } from './large-objects.js';
import type { Subject } from './subject.js';
import { SAMPLES, showKey } from './words.js';

/**
 * Holds the large objects of one database against those that its rows name in the legacy database. One that is served
 * may have made and removed some; what it must not have is another clinic's.
 */
export async function largeObjectFindings(
  session: Session,
  subject: Subject,
  named: NamedObjects,
): Promise<Finding[]> {
  const { clinic, compare } = subject;
  const expected =
    clinic === undefined
      ? named.central
      : new Set([...(named.own.get(clinic.key) ?? []), ...named.everyClinic]);
  const { readable, closed } = await readPresent(session);
  const present = new Set([...readable, ...closed]);
  const contents = await readObjects(
    session,
    readable.filter((oid) => named.contents.size > 0 || expected.has(oid)),
  );
  const findings = new Findings(subject);
  if (compare) {
    const missing = [...expected].filter((oid) => !present.has(oid));
    const whose = clinic === undefined ? [] : [databaseOf(subject.url)];
    const again = `Run ${commandLine('split', '--refresh', '--yes', ...whose)}.`;
    findings.say('DATA_LARGE_OBJECTS_MISSING', missing, 'that rows name are not there', again);
    const changed = readable.filter(
      (oid) => expected.has(oid) && contents.get(oid) !== named.contents.get(oid),
    );
    findings.say(
      'DATA_LARGE_OBJECTS_CHANGED',
      changed,
      'are not what they are in the legacy database',
      again,
    );
  }
  const others = othersObjects(named, expected);
  const more = readable.filter((oid) => !expected.has(oid));
  const foreign = more.filter(
    (oid) => others.contents.has(contents.get(oid) ?? '') || (compare && others.oids.has(oid)),
  );
  findings.say(
    'DATA_LARGE_OBJECTS_FOREIGN',
    foreign,
    `are named by rows of others only`,
    unlink(subject, foreign),
  );
  if (compare && clinic !== undefined) {
    const known = new Set(foreign);
    const extra = more.filter((oid) => !known.has(oid));
    findings.say(
      'DATA_LARGE_OBJECTS_EXTRA',
      extra,
      'are named by no row that belongs here',
      unlink(subject, extra),
    );
  }
  const unread = closed.filter((oid) => compare || !expected.has(oid));
  findings.say('DATA_NOT_CHECKED', unread, 'may not be read by the login of the configuration');
  return findings.list;
}

/** What is there, apart from what this session may not read. */
async function readPresent(session: Session): Promise<{ readable: string[]; closed: string[] }> {
  const rows = await session.query<{ oid: string; readable: boolean }>(
    `SELECT m.oid::text AS oid, pg_catalog.pg_has_role(m.lomowner, 'USAGE') OR EXISTS (
         SELECT FROM pg_catalog.aclexplode(m.lomacl) AS a
          WHERE a.privilege_type = 'SELECT' AND (a.grantee = 0 OR pg_catalog.pg_has_role(a.grantee, 'USAGE'))) AS readable
       FROM pg_catalog.pg_largeobject_metadata AS m ORDER BY m.oid`,
  );
  const those = (wanted: boolean): string[] =>
    rows.filter(({ readable }) => readable === wanted).map(({ oid }) => oid);
  return { readable: those(true), closed: those(false) };
}

/** Objects that are named elsewhere and not here. An empty one tells nothing by its contents. */
function othersObjects(
  { own, everyClinic, central, contents }: NamedObjects,
  expected: ReadonlySet<string>,
): { readonly oids: ReadonlySet<string>; readonly contents: ReadonlySet<string> } {
  const here = new Set([...expected].map((oid) => contents.get(oid)));
  const oids = [
    ...new Set([...[...own.values()].flatMap((some) => [...some]), ...everyClinic, ...central]),
  ].filter((oid) => !expected.has(oid));
  const texts = oids.flatMap((oid) => contents.get(oid) ?? []);
  return {
    oids: new Set(oids),
    contents: new Set(texts.filter((text) => !here.has(text) && !text.startsWith('0 bytes'))),
  };
}

function unlink({ url }: Subject, oids: readonly string[]): string {
  return inDatabase(
    databaseOf(url),
    `SELECT pg_catalog.lo_unlink(w) FROM unnest('{${oids.join(',')}}'::oid[]) AS w`,
  );
}

class Findings {
  readonly list: Finding[] = [];

  constructor(private readonly subject: Subject) {}

  say(code: FindingCode, oids: readonly string[], what: string, hint?: string): void {
    if (oids.length === 0) return;
    const shown = `${oids.slice(0, SAMPLES).map(showKey).join(', ')}${oids.length > SAMPLES ? ', …' : ''}`;
    this.list.push({
      code,
      severity: code === 'DATA_NOT_CHECKED' ? 'warning' : 'error',
      subject: 'large objects',
      message: `${this.subject.place}: ${oids.length} large objects ${what}: ${shown}`,
      ...(hint === undefined ? {} : { hint }),
    });
  }
}
