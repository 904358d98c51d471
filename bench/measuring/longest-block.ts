/**
 * The longest time in milliseconds for which nothing else could run in this thread while the work was going on. It
 * watches by coming back in every turn of the event loop, so a turn that waits for nothing is counted as what it takes.
 */
export async function longestBlock(work: () => Promise<unknown>): Promise<number> {
  let longest = 0;
  let last = performance.now();
  let watching = true;
  const watch = (): void => {
    const now = performance.now();
    longest = Math.max(longest, now - last);
    last = now;
    if (watching) setImmediate(watch);
  };
  await new Promise(setImmediate);
  last = performance.now();
  setImmediate(watch);
  await work();
  // The turn in which the work ended.
  await new Promise(setImmediate);
  watching = false;
  return longest;
}
