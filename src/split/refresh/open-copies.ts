import type { Session } from '../../core/ports.js';
import { everyOne, sideBySide } from '../../core/side-by-side.js';
import type { ClinicTarget } from '../../provision/types.js';
import { type CopyReceipt, readReceipts } from '../receipts.js';
import { groupByConnections, openAll, openTarget } from '../targets.js';
import type { SplitOptions } from '../types.js';

/** The copies that earlier runs made, by clinic; that of the central database under undefined. */
export interface OpenCopies {
  readonly receipts: ReadonlyMap<string | undefined, readonly CopyReceipt[]>;
  /** Sessions that are still open; none where the servers do not take all of them at once. */
  readonly sessions: ReadonlyMap<string | undefined, Session>;
  close(): Promise<void>;
}

/**
 * Reads the receipts of every copy with their parts. A new session costs a server more than most of what is asked of it, so
 * those that read them stay open for what comes after, where there is room for all.
 */
export async function openCopies(options: SplitOptions): Promise<OpenCopies> {
  const { databases, jobs, central } = options;
  const clinics = options.targets.filter(({ state }) => state === 'ready');
  const urls = new Map<string | undefined, string>([
    ...clinics.map(({ clinic, adminUrl }): [string, string] => [clinic.key, adminUrl]),
    ...(central.holdsLegacy ? [] : [[undefined, central.url] as [undefined, string]]),
  ]);
  const stayOpen = (await groupByConnections(databases, clinics, jobs)).length <= 1;
  const receipts = new Map<string | undefined, CopyReceipt[]>();
  const sessions = new Map<string | undefined, Session>();
  const close = (): Promise<void> => everyOne([...sessions.values()], (session) => session.close());
  try {
    await sideBySide([...urls], jobs, async ([key, url]) => {
      const session = await openTarget(databases, url);
      sessions.set(key, session);
      receipts.set(key, await readReceipts(session, true));
      if (stayOpen) return;
      await session.close();
      sessions.delete(key);
    });
    return { receipts, sessions, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** A session on each of these, by target: one that is open, or a new one. */
export async function sessionsOn<T extends ClinicTarget | undefined>(
  { databases, central }: Pick<SplitOptions, 'databases' | 'central'>,
  targets: readonly T[],
  open: OpenCopies['sessions'],
): Promise<Map<T, Session>> {
  const known = new Map<T, Session>();
  for (const target of targets) {
    const session = open.get(target?.clinic.key);
    if (session !== undefined) known.set(target, session);
  }
  const others = targets.filter((target) => !known.has(target));
  const opened = await openAll(databases, others, (target) => target?.adminUrl ?? central.url);
  return new Map([...known, ...opened]);
}
