const TICK_MS = 1;

/** Calls `act` so often in a second, evenly, for so many milliseconds. Falls behind and catches up as the loop allows. */
export function pace(perSecond: number, forMs: number, act: (index: number) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const from = performance.now();
    let done = 0;
    const timer = setInterval(() => {
      const elapsed = Math.min(performance.now() - from, forMs);
      try {
        for (const due = (elapsed / 1000) * perSecond; done < due; done += 1) act(done);
      } catch (error) {
        clearInterval(timer);
        reject(error);
      }
      if (elapsed < forMs) return;
      clearInterval(timer);
      resolve();
    }, TICK_MS);
  });
}
