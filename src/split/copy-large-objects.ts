import { RunError } from '../core/errors.js';
import { quoteIdent } from '../core/identifiers.js';
import type { Session } from '../core/ports.js';
import { everyOne } from '../core/side-by-side.js';
import { PIECE, readContents, slices } from './large-object-contents.js';
import type { LegacyObject, ObjectPrivilege } from './large-objects.js';

/** A database in a transaction, and the large objects that it is to hold. */
export interface ObjectTarget {
  readonly session: Session;
  /** The clinic's login; undefined for the central database. */
  readonly role: string | undefined;
  readonly wanted: readonly LegacyObject[];
  /** True where what is there stays, whatever the legacy database has. */
  readonly adds?: boolean;
}

const [MOST_PIECES, MOST_NAMES] = [500, 500];

/**
 * Makes every database hold exactly these large objects, of those that this program put there, under the oids of the
 * legacy database. What is there and the same stays; each other one is read once for all who need it, in pieces.
 * RunError where a database has one of its own under such an oid, or where what arrived is not what was sent.
 */
export async function copyLargeObjects(
  reader: Session,
  targets: readonly ObjectTarget[],
  onBytes: (bytes: number) => void,
): Promise<void> {
  const lacking = new Map<ObjectTarget, ReadonlySet<string>>();
  await everyOne(targets, async (target) => lacking.set(target, await makeRoom(target)));
  const takers = new Map<LegacyObject, ObjectTarget[]>();
  for (const [target, oids] of lacking) {
    for (const object of target.wanted) {
      if (!oids.has(object.oid)) continue;
      const others = takers.get(object);
      if (others === undefined) takers.set(object, [target]);
      else others.push(target);
    }
  }
  for (const batch of batches([...takers.keys()])) {
    const pieces = await readPieces(reader, batch);
    const to = new Set(pieces.flatMap(({ object }) => takers.get(object) ?? []));
    await everyOne([...to], (target) =>
      putPieces(
        target.session,
        pieces.filter(({ object }) => takers.get(object)?.includes(target)),
      ),
    );
    onBytes(pieces.reduce((sum, { data }) => sum + data.length, 0));
  }
  await everyOne(targets, (target) => seal(target, lacking.get(target) ?? new Set()));
}

/** Takes away what is not wanted any more or not the same, and makes what is lacking, empty. */
async function makeRoom({ session, wanted, adds = false }: ObjectTarget): Promise<ReadonlySet<string>> {
  const ours = await session.query<{ oid: string }>(
    `SELECT m.oid::text FROM clinic_migrate.large_objects o JOIN pg_catalog.pg_largeobject_metadata m ON m.oid = o.oid`,
  );
  const there = new Set(ours.map(({ oid }) => oid));
  const kept = adds ? there : await sameObjects(session, wanted, there);
  const gone = [...there].filter((oid) => !kept.has(oid));
  if (gone.length > 0)
    await session.query('SELECT pg_catalog.lo_unlink(w) FROM unnest($1::oid[]) AS w', [gone]);
  if (!adds) await session.query('DELETE FROM clinic_migrate.large_objects');
  const lacking = wanted.map(({ oid }) => oid).filter((oid) => !kept.has(oid));
  if (lacking.length === 0) return new Set();
  await refuseTaken(session, lacking);
  await session.query('SELECT pg_catalog.lo_create(w) FROM unnest($1::oid[]) AS w', [lacking]);
  return new Set(lacking);
}

/** Those of the objects that are there which are what they have to be. */
async function sameObjects(
  session: Session,
  wanted: readonly LegacyObject[],
  there: ReadonlySet<string>,
): Promise<ReadonlySet<string>> {
  const known = wanted.filter(({ oid }) => there.has(oid));
  const contents = await readContents(
    session,
    known.map(({ oid }) => oid),
  );
  const isSame = ({ oid, bytes, digest }: LegacyObject): boolean => {
    const found = contents.get(oid);
    return found?.bytes === bytes && found.digest === digest;
  };
  return new Set(known.filter(isSame).map(({ oid }) => oid));
}

async function refuseTaken(session: Session, oids: readonly string[]): Promise<void> {
  const taken = await session.query<{ oid: string }>(
    'SELECT oid::text FROM pg_catalog.pg_largeobject_metadata WHERE oid = ANY ($1::oid[]) ORDER BY oid',
    [oids],
  );
  if (taken.length === 0) return;
  const shown = taken.slice(0, 5).map(({ oid }) => oid);
  throw new RunError(
    `${session.label} has large objects of its own under oids that rows of the legacy database name: ${shown.join(', ')}${taken.length > shown.length ? ', …' : ''}`,
    {
      hint: 'Remove them there if nothing needs them (lo_unlink), or name another database; then run split again.',
    },
  );
}

interface Piece {
  readonly object: LegacyObject;
  readonly at: number;
  readonly size: number;
}

/** Pieces that are read together: of one large object, or of many small ones. */
function* batches(objects: readonly LegacyObject[]): Generator<readonly Piece[]> {
  let batch: Piece[] = [];
  let size = 0;
  for (const object of objects) {
    for (let at = 0; at < object.bytes; at += PIECE) {
      const piece = { object, at, size: Math.min(PIECE, object.bytes - at) };
      if (batch.length === MOST_PIECES || size + piece.size > PIECE) {
        yield batch;
        [batch, size] = [[], 0];
      }
      batch.push(piece);
      size += piece.size;
    }
  }
  if (batch.length > 0) yield batch;
}

type Read = Piece & { readonly data: Buffer };

async function readPieces(reader: Session, pieces: readonly Piece[]): Promise<Read[]> {
  const rows = await reader.query<{ data: Buffer }>(
    `SELECT pg_catalog.lo_get(p.oid, p.at, p.size) AS data
       FROM unnest($1::oid[], $2::bigint[], $3::int[]) WITH ORDINALITY AS p (oid, at, size, i) ORDER BY p.i`,
    [pieces.map(({ object }) => object.oid), pieces.map(({ at }) => at), pieces.map(({ size }) => size)],
  );
  return pieces.map((piece, i) => ({ ...piece, data: rows[i]?.data ?? Buffer.alloc(0) }));
}

async function putPieces(session: Session, pieces: readonly Read[]): Promise<void> {
  await session.query(
    `SELECT pg_catalog.lo_put(p.oid, p.at, p.data) FROM unnest($1::oid[], $2::bigint[], $3::bytea[]) AS p (oid, at, data)`,
    [pieces.map(({ object }) => object.oid), pieces.map(({ at }) => at), pieces.map(({ data }) => data)],
  );
}

/** Proves what arrived, gives the clinic's login its rights, and writes down what is there. */
async function seal(
  { session, role, adds, ...target }: ObjectTarget,
  made: ReadonlySet<string>,
): Promise<void> {
  const wanted = adds ? target.wanted.filter(({ oid }) => made.has(oid)) : target.wanted;
  const contents = await readContents(session, [...made]);
  for (const { oid, bytes, digest } of wanted) {
    const found = contents.get(oid);
    if (!made.has(oid) || (found?.bytes === bytes && found.digest === digest)) continue;
    throw new RunError(
      `copying large object ${oid} into ${session.label}: ${bytes} bytes were sent, and what is there is not the same`,
      { hint: 'Nothing of this database was kept. Run split again.' },
    );
  }
  await grant(session, 'PUBLIC', wanted, (object) => object.public, made);
  if (role !== undefined) await grant(session, quoteIdent(role), wanted, (object) => object.login, made);
  for (const some of slices(wanted, MOST_NAMES))
    await session.query(
      `INSERT INTO clinic_migrate.large_objects (oid, bytes, digest, login, public)
         SELECT o.oid, o.bytes, o.digest, pg_catalog.string_to_array(o.login, ','), pg_catalog.string_to_array(o.public, ',')
           FROM unnest($1::oid[], $2::bigint[], $3::text[], $4::text[], $5::text[]) AS o (oid, bytes, digest, login, public)`,
      [
        some.map(({ oid }) => oid),
        some.map(({ bytes }) => bytes),
        some.map(({ digest }) => digest),
        some.map(({ login }) => login.join()),
        some.map((object) => object.public.join()),
      ],
    );
}

async function grant(
  session: Session,
  grantee: string,
  wanted: readonly LegacyObject[],
  rightsOf: (object: LegacyObject) => readonly ObjectPrivilege[],
  made: ReadonlySet<string>,
): Promise<void> {
  const list = (some: readonly LegacyObject[]): string => some.map(({ oid }) => oid).join(', ');
  const before = wanted.filter(({ oid }) => !made.has(oid));
  for (const some of slices(before, MOST_NAMES))
    await session.query(`REVOKE ALL ON LARGE OBJECT ${list(some)} FROM ${grantee}`);
  for (const right of ['SELECT', 'UPDATE'] as const) {
    const having = wanted.filter((object) => rightsOf(object).includes(right));
    for (const some of slices(having, MOST_NAMES))
      await session.query(`GRANT ${right} ON LARGE OBJECT ${list(some)} TO ${grantee}`);
  }
}
