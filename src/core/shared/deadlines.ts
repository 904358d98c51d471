import type { Clock, TimerHandle } from './clock.js';

/** Something that must not last for ever. */
export interface Expiring {
  /** Its time is over. */
  expire(): void;
}

const shared = new WeakMap<Clock, Deadlines<Expiring>>();

/**
 * Bounds the time of any number of things with one timer. Nearly all of them are over long before their time, and the
 * timer stays as it is then. While there are none, no timer is set.
 */
export class Deadlines<T extends Expiring> {
  readonly #clock: Clock;
  readonly #dues = new Map<T, number>();
  #timer: TimerHandle | undefined;
  /** When the timer fires. */
  #timerMs = Number.POSITIVE_INFINITY;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Those that everything shares which goes by this clock. */
  static of(clock: Clock): Deadlines<Expiring> {
    const present = shared.get(clock);
    if (present !== undefined) return present;
    const deadlines = new Deadlines<Expiring>(clock);
    shared.set(clock, deadlines);
    return deadlines;
  }

  /** Those whose time is not over. */
  all(): Iterable<T> {
    return this.#dues.keys();
  }

  /** Calls `expire` after so many milliseconds, unless it is taken away before. */
  add(expiring: T, timeoutMs: number): void {
    const nowMs = this.#clock.monotonic();
    const dueMs = nowMs + timeoutMs;
    this.#dues.set(expiring, dueMs);
    // A timer that should have fired before may be one that never will: of a clock that a test has put back.
    if (dueMs < this.#timerMs || this.#timerMs < nowMs) this.#arm(Math.min(dueMs, this.#timerMs), nowMs);
  }

  /** Takes it away. @returns whether it was there: `false` once its time is over */
  delete(expiring: T): boolean {
    const deleted = this.#dues.delete(expiring);
    if (this.#dues.size === 0) this.#disarm();
    return deleted;
  }

  #arm(dueMs: number, nowMs: number): void {
    this.#timer?.cancel();
    this.#timerMs = dueMs;
    this.#timer = this.#clock.setTimeout(() => this.#fire(), Math.max(0, dueMs - nowMs));
  }

  #disarm(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#timerMs = Number.POSITIVE_INFINITY;
  }

  /**
   * Where the process stood still, more may be over than the timer was set for. That comes with the next timer, behind what
   * others have set for the time between: a driver says that its time is over before the core gives it up.
   */
  #fire(): void {
    const dueMs = this.#timerMs;
    this.#disarm();
    const over: T[] = [];
    let nextMs = Number.POSITIVE_INFINITY;
    for (const [expiring, eachMs] of this.#dues) {
      if (eachMs <= dueMs) over.push(expiring);
      else if (eachMs < nextMs) nextMs = eachMs;
    }
    // What expires may take others away, and add new ones.
    for (const expiring of over) if (this.#dues.delete(expiring)) expiring.expire();
    const nowMs = this.#clock.monotonic();
    if (this.#dues.size > 0 && nextMs < this.#timerMs) this.#arm(Math.max(nextMs, nowMs), nowMs);
  }
}
