import { displayName, type QualifiedName, quoteName } from '../core/identifiers.js';
import type { Session } from '../core/ports.js';

/**
 * Lifts the force of row security from those of these tables that have it: their owner could neither copy into them nor
 * be sure to see every row. Inside the transaction that restoreForce() ends, so that nobody else ever sees it lifted.
 */
export async function liftForce(
  session: Session,
  tables: readonly QualifiedName[],
): Promise<readonly QualifiedName[]> {
  const forced = await session.query<{ schema: string; name: string }>(
    `SELECT n.nspname::text AS schema, c.relname::text AS name
       FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
      WHERE c.relrowsecurity AND c.relforcerowsecurity`,
  );
  const known = new Set(tables.map(displayName));
  const lifted = forced.filter((table) => known.has(displayName(table)));
  await alter(session, lifted, 'NO FORCE');
  return lifted;
}

/** Deferred checks come first: a table that waits for some cannot be altered. */
export async function restoreForce(session: Session, lifted: readonly QualifiedName[]): Promise<void> {
  if (lifted.length > 0) await session.execute('SET CONSTRAINTS ALL IMMEDIATE');
  await alter(session, lifted, 'FORCE');
}

async function alter(session: Session, tables: readonly QualifiedName[], force: string): Promise<void> {
  if (tables.length === 0) return;
  await session.execute(
    tables.map((table) => `ALTER TABLE ${quoteName(table)} ${force} ROW LEVEL SECURITY`).join(';\n'),
  );
}
