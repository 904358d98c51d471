import type { AccountKeeperError } from '../errors.js';

interface Waiter {
  readonly sequence: number;
  /** An attempt was started after the waiter came. */
  attempted: boolean;
  readonly resolve: () => void;
  readonly reject: (error: AccountKeeperError) => void;
}

/** Waits for an acknowledgement, whatever is pending. */
export const CHECK: number = Number.POSITIVE_INFINITY;

const NOBODY: readonly Waiter[] = [];

/** The callers of `flush()`: each waits for all changes up to a sequence number. */
export class FlushWaiters {
  #waiters: Waiter[] = [];

  get size(): number {
    return this.#waiters.length;
  }

  /** Whether somebody came after the last attempt had started. */
  get wantsAttempt(): boolean {
    return this.#waiters.some((waiter) => !waiter.attempted);
  }

  /** Whether somebody waits for an acknowledgement as such. */
  get wantsCheck(): boolean {
    return this.#waiters.some(({ sequence }) => sequence === CHECK);
  }

  /** Waits for all changes up to `sequence`. */
  add(sequence: number): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiters.push({ sequence, attempted: false, resolve, reject });
    });
  }

  attemptStarted(): void {
    for (const waiter of this.#waiters) waiter.attempted = true;
  }

  /** An attempt failed: whoever waited for it is told. */
  attemptFailed(error: AccountKeeperError): void {
    for (const { reject } of this.#take(({ attempted }) => attempted)) reject(error);
  }

  /** A commit was acknowledged. */
  checked(): void {
    for (const { resolve } of this.#take(({ attempted, sequence }) => attempted && sequence === CHECK)) resolve();
  }

  /** All changes before `sequence` are settled; `verdict` says for one waiter whether all of them were written. */
  settledBefore(sequence: number, verdict: (sequence: number) => AccountKeeperError | undefined): void {
    for (const waiter of this.#take((each) => each.sequence < sequence)) {
      const error = verdict(waiter.sequence);
      if (error === undefined) waiter.resolve();
      else waiter.reject(error);
    }
  }

  rejectAll(error: AccountKeeperError): void {
    for (const { reject } of this.#take(() => true)) reject(error);
  }

  #take(concerned: (waiter: Waiter) => boolean): readonly Waiter[] {
    if (this.#waiters.length === 0) return NOBODY;
    const taken = this.#waiters.filter(concerned);
    if (taken.length > 0) this.#waiters = this.#waiters.filter((waiter) => !taken.includes(waiter));
    return taken;
  }
}
