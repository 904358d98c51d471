import type { Clock } from '../clock.js';
import { AccountKeeperError } from '../errors.js';
import type { OperationOptions } from '../persistence-driver.js';

/** What an operation gets on top: drivers promise to settle by themselves. */
const GRACE_MS = 1_000;

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
    const timeoutMs = Math.ceil(this.#endMs - this.#clock.monotonic());
    if (timeoutMs <= 0) throw new AccountKeeperError('TIMEOUT', 'restore did not finish by its deadline');
    return { timeoutMs, signal: this.#signal };
  }

  /** Runs one operation with what is left. Rejects when it is over, also if the operation itself never settles. */
  async bound<Result>(operation: (options: Required<OperationOptions>) => Promise<Result>): Promise<Result> {
    const options = this.remaining();
    let release = (): void => undefined;
    const over = new Promise<never>((_, reject) => {
      const abort = (): void => reject(this.#aborted());
      const timer = this.#clock.setTimeout(() => reject(this.#late()), options.timeoutMs + GRACE_MS);
      this.#signal.addEventListener('abort', abort);
      release = () => {
        timer.cancel();
        this.#signal.removeEventListener('abort', abort);
      };
    });
    try {
      return await Promise.race([operation(options), over]);
    } finally {
      release();
    }
  }

  #aborted(): AccountKeeperError {
    return new AccountKeeperError('ABORTED', 'restore was aborted', { outcome: 'unknown', cause: this.#signal.reason });
  }

  #late(): AccountKeeperError {
    return new AccountKeeperError('TIMEOUT', 'restore did not finish by its deadline', { outcome: 'unknown' });
  }
}
