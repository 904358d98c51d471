import type { Clock } from './clock.js';
import type { AccountKeeperError } from './errors.js';

/** What bounds a wait, and what it rejects with when a bound is reached. */
export interface WaitLimits {
  readonly clock: Clock;
  /** Milliseconds; `undefined`: no bound in time. */
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly late: () => AccountKeeperError;
  readonly aborted: (reason: unknown) => AccountKeeperError;
}

/**
 * Waits for what `work` promises, within the limits. The one place where a wait is bounded: the result settles by its
 * bound also if the work never does. The work goes on regardless, and a late rejection of it disturbs nobody.
 */
export async function within<Result>(limits: WaitLimits, work: () => PromiseLike<Result> | Result): Promise<Result> {
  const { clock, timeoutMs, signal, late, aborted } = limits;
  if (signal?.aborted) throw aborted(signal.reason);
  let release = (): void => undefined;
  const over = new Promise<never>((_, reject) => {
    const abort = (): void => reject(aborted(signal?.reason));
    signal?.addEventListener('abort', abort, { once: true });
    const timer = timeoutMs === undefined ? undefined : clock.setTimeout(() => reject(late()), timeoutMs);
    release = () => {
      timer?.cancel();
      signal?.removeEventListener('abort', abort);
    };
  });
  try {
    return await Promise.race([work(), over]);
  } finally {
    release();
  }
}

/** Resolves after so many milliseconds, or rejects with the reason of the signal. */
export function pause(clock: Clock, delayMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const abort = (): void => {
      timer.cancel();
      reject(signal.reason);
    };
    const timer = clock.setTimeout(() => {
      signal.removeEventListener('abort', abort);
      resolve();
    }, delayMs);
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort, { once: true });
  });
}
