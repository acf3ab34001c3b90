import { DatabaseError, RunError } from '../core/errors.js';
import type { Session } from '../core/ports.js';

/** A large object's size, and the SHA-256 of the SHA-256s of its pieces. */
export interface Contents {
  readonly bytes: number;
  readonly digest: string;
}

/** Of a large object no more than this is held at once, here or by a server. */
export const PIECE = 1024 * 1024;

const INSUFFICIENT_PRIVILEGE = '42501';
/** INV_READ of lo_open(), SEEK_END of lo_lseek64(). */
const [READ, END] = [0x40000, 2];
const AT_ONCE = 1000;

/** Digests these large objects where they are; every one has to be there. Inside a transaction. */
export async function readContents(
  session: Session,
  oids: readonly string[],
): Promise<Map<string, Contents>> {
  const found = new Map<string, Contents>();
  for (const some of slices(oids, AT_ONCE)) {
    const rows = await session
      .query<{ oid: string; bytes: string; digest: string }>(
        `WITH sized AS MATERIALIZED (
           SELECT o.oid, s.bytes, pg_catalog.lo_close(o.fd)
             FROM (SELECT w AS oid, pg_catalog.lo_open(w, ${READ}) AS fd FROM unnest($1::oid[]) AS w OFFSET 0) AS o
            CROSS JOIN LATERAL (SELECT pg_catalog.lo_lseek64(o.fd, 0, ${END}) AS bytes OFFSET 0) AS s)
         SELECT oid::text, bytes::text, (
             SELECT pg_catalog.encode(pg_catalog.sha256(
                 pg_catalog.string_agg(pg_catalog.sha256(pg_catalog.lo_get(oid, n * ${PIECE}, ${PIECE})), '' ORDER BY n)), 'hex')
               FROM pg_catalog.generate_series(0::bigint, greatest(bytes - 1, 0) / ${PIECE}) AS n) AS digest
           FROM sized`,
        [some],
      )
      .catch(explainRefusal(session));
    for (const { oid, bytes, digest } of rows) found.set(oid, { bytes: Number(bytes), digest });
  }
  return found;
}

function explainRefusal({ label }: Session): (error: unknown) => never {
  return (error) => {
    if (!(error instanceof DatabaseError) || error.sqlState !== INSUFFICIENT_PRIVILEGE) throw error;
    throw new RunError(`${label}: ${error.message}`, {
      cause: error,
      hint: 'GRANT SELECT ON LARGE OBJECT … to this login, for every object that rows name; or connect as their owner.',
    });
  };
}

export function* slices<T>(items: readonly T[], size: number): Generator<readonly T[]> {
  for (let from = 0; from < items.length; from += size) yield items.slice(from, from + size);
}
