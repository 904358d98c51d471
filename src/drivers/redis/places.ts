import type { Operation } from '../base/operation/operation.js';

interface Waiter {
  /** `false` once it has a place, or waits no more. */
  isWaiting: boolean;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** So many are gone from the front of the queue before it is made shorter. */
const MOST_GONE = 1024;

/** A limited number of places, which are taken in the order of the calls. */
export class Places {
  /** While there are some, nobody waits. */
  #free: number;
  /** A Set would have to step over all those who have left. */
  readonly #queue: Waiter[] = [];
  #gone = 0;

  constructor(count: number) {
    this.#free = count;
  }

  /** Takes a place if one is free. @returns whether that was so */
  take(): boolean {
    if (this.#free === 0) return false;
    this.#free -= 1;
    return true;
  }

  /** Resolves with a place. Rejects when the operation ends before, or with what {@link turnAway} is called with. */
  wait(operation: Operation): Promise<void> {
    return new Promise((resolve, reject) => {
      const waiter: Waiter = { isWaiting: true, resolve, reject };
      this.#queue.push(waiter);
      operation.onEnd(() => {
        if (waiter.isWaiting) reject(operation.signal.reason);
        waiter.isWaiting = false;
      });
    });
  }

  /** Gives a place back: to whoever has waited for the longest time. */
  leave(): void {
    const next = this.#next();
    if (next === undefined) this.#free += 1;
    else next.resolve();
  }

  /** Nobody waits any more. */
  turnAway(error: unknown): void {
    for (let next = this.#next(); next !== undefined; next = this.#next()) next.reject(error);
  }

  /** Takes the next one who waits out of the queue. */
  #next(): Waiter | undefined {
    while (this.#gone < this.#queue.length) {
      const waiter = this.#queue[this.#gone];
      this.#gone += 1;
      if (this.#gone >= MOST_GONE || this.#gone === this.#queue.length) {
        this.#queue.splice(0, this.#gone);
        this.#gone = 0;
      }
      if (waiter?.isWaiting !== true) continue;
      waiter.isWaiting = false;
      return waiter;
    }
    return undefined;
  }
}
