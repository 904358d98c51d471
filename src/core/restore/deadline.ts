import type { Clock } from '../clock.js';
import { AccountKeeperError } from '../errors.js';
import type { OperationOptions } from '../persistence-driver.js';
import { within } from '../within.js';

/** What an operation gets on top: drivers promise to settle by themselves. */
const GRACE_MS = 250;

/** One limit in time for several operations in a row. */
export class Deadline {
  readonly #clock: Clock;
  readonly #endMs: number;
  readonly #signal: AbortSignal;

  constructor(clock: Clock, timeoutMs: number, signal: AbortSignal) {
    this.#clock = clock;
    this.#endMs = clock.monotonic() + timeoutMs;
    this.#signal = signal;
  }

  /** Runs one operation with what is left. Rejects `TIMEOUT` or `ABORTED` when it is over, also if it never settles. */
  async bound<Result>(operation: (options: Required<OperationOptions>) => Promise<Result>): Promise<Result> {
    const signal = this.#signal;
    const timeoutMs = Math.ceil(this.#endMs - this.#clock.monotonic());
    const outcome = 'unknown';
    const late = (): AccountKeeperError =>
      new AccountKeeperError('TIMEOUT', 'restore did not finish by its deadline', { outcome });
    if (timeoutMs <= 0 && !signal.aborted) throw late();
    const aborted = (cause: unknown): AccountKeeperError =>
      new AccountKeeperError('ABORTED', 'restore was aborted', { outcome, cause });
    const limits = { clock: this.#clock, timeoutMs: timeoutMs + GRACE_MS, signal, late, aborted };
    return within(limits, () => operation({ timeoutMs, signal }));
  }
}
