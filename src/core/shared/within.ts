import { AccountKeeperError, type ErrorOutcome, isAccountKeeperError } from '../errors.js';
import type { Clock } from './clock.js';
import { Deadlines } from './deadlines.js';

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
export function within<Result>(limits: WaitLimits, work: () => PromiseLike<Result> | Result): Promise<Result> {
  const { clock, signal, timeoutMs } = limits;
  if (signal?.aborted) return Promise.reject(aborted(limits));
  const deadlines = Deadlines.of(clock);
  return new Promise((resolve, reject) => {
    const fail = (error: unknown): void => {
      release();
      reject(error);
    };
    const wait = { expire: () => fail(timedOut(limits)) };
    const abort = (): void => fail(aborted(limits));
    const release = (): void => {
      deadlines.delete(wait);
      signal?.removeEventListener('abort', abort);
    };
    if (timeoutMs !== undefined) deadlines.add(wait, timeoutMs);
    signal?.addEventListener('abort', abort);
    promised(work).then((result) => {
      release();
      resolve(result);
    }, fail);
  });
}

async function promised<Result>(work: () => PromiseLike<Result> | Result): Promise<Result> {
  return work();
}

function timedOut({ doing, outcome = 'unknown' }: WaitLimits): AccountKeeperError {
  return new AccountKeeperError('TIMEOUT', `${doing} did not finish in time`, { outcome });
}

function aborted({ doing, outcome = 'unknown', signal }: WaitLimits): AccountKeeperError {
  return new AccountKeeperError('ABORTED', `${doing} was aborted`, { outcome, cause: signal?.reason });
}

/** Resolves after `timeoutMs`. Rejects `ABORTED`. */
export async function pause(limits: WaitLimits): Promise<void> {
  try {
    await within(limits, () => new Promise<never>(() => undefined));
  } catch (error) {
    if (!isAccountKeeperError(error) || error.code !== 'TIMEOUT') throw error;
  }
}
