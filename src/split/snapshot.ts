import { quoteLiteral, quoteName } from '../core/identifiers.js';
import type { Databases, Session } from '../core/ports.js';
import type { TablePlan } from './plan.js';

/** The legacy database as it stood at one instant. Lives as long as `session` stays in its transaction. */
export interface Snapshot {
  /** For SET TRANSACTION SNAPSHOT. */
  readonly id: string;
  /** Names this snapshot among all that ever were: the server uses ids again. */
  readonly label: string;
  readonly session: Session;
}

// A server that ends idle or long transactions would end the snapshot, and the run with it.
const PATIENT =
  'SET statement_timeout = 0; SET lock_timeout = 0; SET idle_in_transaction_session_timeout = 0; SET idle_session_timeout = 0;';

/** Opens a session on the legacy database and exports its snapshot. Close the session when done. */
export async function openSnapshot(databases: Databases, legacyUrl: string): Promise<Snapshot> {
  const session = await databases.connect(legacyUrl, { readOnly: true });
  try {
    await session.execute(`${PATIENT} BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY`);
    const [row] = await session.query<{ id: string; at: string }>(
      `SELECT pg_export_snapshot() AS id, pg_current_snapshot()::text || ' at ' || now()::text AS at`,
    );
    return { id: String(row?.id), label: `${row?.id} ${row?.at}`, session };
  } catch (error) {
    await session.close();
    throw error;
  }
}

/** Until the snapshot's end its rows stay where they lie: no table is rewritten. Nobody but who would do that waits. */
export async function holdTables(session: Session, plans: readonly TablePlan[]): Promise<void> {
  if (plans.length === 0) return;
  const names = plans.map(({ table }) => quoteName(table)).join(', ');
  await session.execute(`LOCK TABLE ${names} IN ACCESS SHARE MODE`);
}

/** Another session on the same snapshot. */
export async function joinSnapshot(databases: Databases, legacyUrl: string, id: string): Promise<Session> {
  const session = await databases.connect(legacyUrl, { readOnly: true });
  try {
    await session.execute(`${PATIENT} BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY`);
    await session.execute(`SET TRANSACTION SNAPSHOT ${quoteLiteral(id)}`);
    return session;
  } catch (error) {
    await session.close();
    throw error;
  }
}

const AT = / at (\d{4}-\d\d-\d\d) ([\d:.]+)\+00$/;

/** When a snapshot was taken, by the legacy server's clock, from its label. */
export function timeOf(label: string): Date | undefined {
  const [, day, time] = AT.exec(label) ?? [];
  const at = new Date(`${day}T${time}Z`);
  return Number.isNaN(at.getTime()) ? undefined : at;
}

/** Seconds from the snapshot with this label to another. */
export function ageOf(label: string | undefined, now: Pick<Snapshot, 'label'>): number | undefined {
  const [from, to] = [label === undefined ? undefined : timeOf(label), timeOf(now.label)];
  return from === undefined || to === undefined ? undefined : (to.getTime() - from.getTime()) / 1000;
}

const UNITS = [
  ['day', 86_400],
  ['hour', 3600],
  ['minute', 60],
  ['second', 1],
] as const;

/** An age for people, in its largest unit. */
export function showAge(seconds: number): string {
  const [unit, size] = UNITS.find(([, each]) => seconds >= each) ?? UNITS[3];
  const count = Math.max(0, Math.floor(seconds / size));
  return `${count} ${unit}${count === 1 ? '' : 's'}`;
}
