import type { Clock, TimerHandle } from '../../src/core/shared/clock.js';

interface FakeTimer {
  readonly dueMs: number;
  readonly callback: () => void;
}

/** Lets promises settle: everything that is already resolved has run its course afterwards. */
export function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** A clock that stands still until it is told to go on. */
export class FakeClock implements Clock {
  readonly #timers = new Set<FakeTimer>();
  #nowMs = 0;
  #epochMs = 1_700_000_000_000;
  #timersSet = 0;

  /** How many timers are waiting. */
  get armed(): number {
    return this.#timers.size;
  }

  /** How many timers were ever set. */
  get timersSet(): number {
    return this.#timersSet;
  }

  now(): number {
    return this.#epochMs + this.#nowMs;
  }

  monotonic(): number {
    return this.#nowMs;
  }

  setTimeout(callback: () => void, delayMs: number): TimerHandle {
    const timer = { dueMs: this.#nowMs + delayMs, callback };
    this.#timers.add(timer);
    this.#timersSet += 1;
    return { cancel: () => this.#timers.delete(timer) };
  }

  /** The wall clock jumps; the monotonic one does not. */
  jumpWall(ms: number): void {
    this.#epochMs += ms;
  }

  /** Lets time pass, firing timers in order and letting promises settle after each. */
  async advance(ms: number): Promise<void> {
    const endMs = this.#nowMs + ms;
    await settle();
    for (let timer = this.#next(endMs); timer !== undefined; timer = this.#next(endMs)) {
      this.#timers.delete(timer);
      this.#nowMs = Math.max(this.#nowMs, timer.dueMs);
      timer.callback();
      await settle();
    }
    this.#nowMs = endMs;
  }

  #next(endMs: number): FakeTimer | undefined {
    let next: FakeTimer | undefined;
    for (const timer of this.#timers) {
      if (timer.dueMs <= endMs && (next === undefined || timer.dueMs < next.dueMs)) next = timer;
    }
    return next;
  }
}
