import type { Clock } from '../clock.js';
import { AccountKeeperError } from '../errors.js';

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

  /** What is left of it, for the next operation. @throws `TIMEOUT` or `ABORTED` when nothing is. */
  remaining(): { timeoutMs: number; signal: AbortSignal } {
    if (this.#signal.aborted) {
      throw new AccountKeeperError('ABORTED', 'restore was aborted', { cause: this.#signal.reason });
    }
    const timeoutMs = this.#endMs - this.#clock.monotonic();
    if (timeoutMs <= 0) throw new AccountKeeperError('TIMEOUT', 'restore did not finish by its deadline');
    return { timeoutMs, signal: this.#signal };
  }
}
