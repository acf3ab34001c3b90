/**
 * Does the work for all of them, side by side, and waits for all of them even when one fails; then throws the first
 * failure. Nothing is still running when this returns.
 */
export async function everyOne<T>(items: readonly T[], work: (item: T) => Promise<unknown>): Promise<void> {
  const outcomes = await Promise.allSettled(items.map((item) => work(item)));
  for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
}

/**
 * Does the work for all items, at most `jobs` at once, and answers in the items' order. After a failure nothing new
 * is begun; it is thrown when everything that runs has ended.
 */
export async function sideBySide<T, R>(
  items: readonly T[],
  jobs: number,
  work: (item: T, worker: number, index: number) => Promise<R>,
): Promise<R[]> {
  const results: R[] = [];
  const queue = items.entries();
  const failures: unknown[] = [];
  const worker = async (number: number): Promise<void> => {
    for (const [index, item] of queue) {
      if (failures.length > 0) return;
      try {
        results[index] = await work(item, number, index);
      } catch (error) {
        failures.push(error);
      }
    }
  };
  await Promise.all(Array.from({ length: Math.max(1, Math.min(jobs, items.length)) }, (_, i) => worker(i)));
  if (failures.length > 0) throw failures[0];
  return results;
}

/** Does the work for all of them, each worker with its own `tool`. */
export async function shareOut<T, W>(
  items: readonly T[],
  tools: readonly W[],
  work: (item: T, tool: W) => Promise<void>,
): Promise<void> {
  await sideBySide(items, tools.length, (item, worker) => work(item, tools[worker] as W));
}

/** Runs what it is handed one after the other, in the order of the calls: for a session that several share. */
export function oneAtATime(): <T>(work: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const next = last.then(work, work);
    last = next.catch(() => undefined);
    return next;
  };
}
