import type { Clock } from '../clock.js';
import { AccountKeeperError } from '../errors.js';
import type { OperationOptions } from '../persistence-driver.js';
import { DRIVER_GRACE_MS, within } from '../within.js';

/** One limit in time for several operations in a row. */
export class Deadline {
  readonly signal: AbortSignal;
  readonly #clock: Clock;
  readonly #endMs: number;

  constructor(clock: Clock, timeoutMs: number, signal: AbortSignal) {
    this.signal = signal;
    this.#clock = clock;
    this.#endMs = clock.monotonic() + timeoutMs;
  }

  get remainingMs(): number {
    return Math.ceil(this.#endMs - this.#clock.monotonic());
  }

  /** Runs one operation with what is left. Rejects `TIMEOUT` or `ABORTED` when it is over, also if it never settles. */
  async bound<Result>(operation: (options: Required<OperationOptions>) => Promise<Result>): Promise<Result> {
    const { remainingMs: timeoutMs, signal } = this;
    if (timeoutMs <= 0 && !signal.aborted)
      throw new AccountKeeperError('TIMEOUT', 'restore did not finish in time', { outcome: 'unknown' });
    const limits = { clock: this.#clock, doing: 'restore', timeoutMs: timeoutMs + DRIVER_GRACE_MS, signal };
    return within(limits, () => operation({ timeoutMs, signal }));
  }
}
