/**
 * Does the work for all of them, side by side, and waits for all of them even when one fails; then throws the first
 * failure. Nothing is still running when this returns.
 */
export async function everyOne<T>(items: readonly T[], work: (item: T) => Promise<unknown>): Promise<void> {
  const outcomes = await Promise.allSettled(items.map((item) => work(item)));
  for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
}

/** Does the work for all of them, at most `jobs` at once, each worker with its own `tool`; stops at a failure. */
export async function shareOut<T, W>(
  items: readonly T[],
  tools: readonly W[],
  work: (item: T, tool: W) => Promise<void>,
): Promise<void> {
  const left = [...items];
  let failed = false;
  await everyOne(tools, async (tool) => {
    for (let item = left.shift(); item !== undefined && !failed; item = left.shift()) {
      try {
        await work(item, tool);
      } catch (error) {
        failed = true;
        throw error;
      }
    }
  });
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
