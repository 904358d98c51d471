import { AccountKeeperError, type ErrorOutcome, isAccountKeeperError } from '../errors.js';
import type { Clock } from './clock.js';

/** The bounds of a wait. */
export interface WaitLimits {
  readonly clock: Clock;
  /** Begins the messages. */
  readonly doing: string;
  /** Milliseconds; `undefined`: no bound in time. */
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** The outcome of the work when a bound is reached. Default: `unknown`. */
  readonly outcome?: ErrorOutcome;
}

/** The extra time that a driver gets after its deadline, by which it promises to settle by itself. */
export const DRIVER_GRACE_MS = 250;

/**
 * Waits for what `work` promises, within the limits. The one place where a wait is bounded: the result settles by its
 * bound also if the work never does. The work goes on regardless, and a late rejection of it disturbs nobody.
 *
 * Rejects `TIMEOUT` or `ABORTED` when a bound is reached.
 */
export async function within<Result>(limits: WaitLimits, work: () => PromiseLike<Result> | Result): Promise<Result> {
  const { clock, doing, outcome = 'unknown', signal, timeoutMs } = limits;
  const aborted = (): AccountKeeperError =>
    new AccountKeeperError('ABORTED', `${doing} was aborted`, { outcome, cause: signal?.reason });
  if (signal?.aborted) throw aborted();
  let release = (): void => undefined;
  const over = new Promise<never>((_, reject) => {
    const abort = (): void => reject(aborted());
    const expire = (): void =>
      reject(new AccountKeeperError('TIMEOUT', `${doing} did not finish in time`, { outcome }));
    signal?.addEventListener('abort', abort, { once: true });
    const timer = timeoutMs === undefined ? undefined : clock.setTimeout(expire, timeoutMs);
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

/** Resolves after `timeoutMs`. Rejects `ABORTED`. */
export async function pause(limits: WaitLimits): Promise<void> {
  try {
    await within(limits, () => new Promise<never>(() => undefined));
  } catch (error) {
    if (!isAccountKeeperError(error) || error.code !== 'TIMEOUT') throw error;
  }
}
