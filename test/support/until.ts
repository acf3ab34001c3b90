/** Asks again and again until the answer is yes. */
export async function until(
  what: string,
  condition: () => Promise<boolean>,
  milliseconds = 30_000,
): Promise<void> {
  const end = performance.now() + milliseconds;
  while (!(await condition())) {
    if (performance.now() > end) throw new Error(`${what} did not happen in ${milliseconds} ms`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
