import type { Session } from '../core/ports.js';

/** How a database writes text down and sorts it: what CREATE DATABASE is told, and nothing can change later. */
export interface DatabaseLocale {
  readonly encoding: string;
  readonly collate: string;
  readonly ctype: string;
  readonly provider: 'libc' | 'icu' | 'builtin';
  /** The provider's own locale, and rules that were added to it; NULL where it has none. */
  readonly locale: string | null;
  readonly rules: string | null;
}

// Through JSON, since the columns differ between versions.
const LOCALE = `
  SELECT pg_catalog.pg_encoding_to_char(d.encoding)::text AS encoding, d.datcollate AS collate, d.datctype AS ctype,
         CASE d.datlocprovider WHEN 'i' THEN 'icu' WHEN 'b' THEN 'builtin' ELSE 'libc' END AS provider,
         coalesce(pg_catalog.to_jsonb(d) ->> 'datlocale', pg_catalog.to_jsonb(d) ->> 'daticulocale') AS locale,
         pg_catalog.to_jsonb(d) ->> 'daticurules' AS rules
    FROM pg_catalog.pg_database d WHERE d.datname = pg_catalog.current_database()`;

/** Of the database that the session is on. */
export async function readLocale(session: Session): Promise<DatabaseLocale> {
  const [row] = await session.query<DatabaseLocale & Record<string, unknown>>(LOCALE);
  if (row === undefined) throw new Error(`${session.label} does not know its own database`);
  return row;
}
