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
