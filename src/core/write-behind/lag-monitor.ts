import type { Clock } from '../shared/clock.js';
import { Deadlines, type Expiring } from '../shared/deadlines.js';

/** Tells once when something has been pending for longer than a bound, and again after it had caught up. */
export class LagMonitor implements Expiring {
  readonly #clock: Clock;
  readonly #maxAgeMs: number;
  readonly #onLagging: (oldestPendingMs: number) => void;
  #oldestSinceMs: number | undefined;
  #state: 'quiet' | 'watching' | 'reported' = 'quiet';

  constructor(clock: Clock, maxAgeMs: number, onLagging: (oldestPendingMs: number) => void) {
    this.#clock = clock;
    this.#maxAgeMs = maxAgeMs;
    this.#onLagging = onLagging;
  }

  /** Has to be told whenever the oldest pending change may be another one; `undefined`: nothing is pending. */
  update(oldestSinceMs: number | undefined): void {
    this.#oldestSinceMs = oldestSinceMs;
    if (oldestSinceMs === undefined) {
      if (this.#state === 'watching') Deadlines.of(this.#clock).delete(this);
      this.#state = 'quiet';
      return;
    }
    if (this.#state === 'watching') return;
    const ageMs = this.#clock.monotonic() - oldestSinceMs;
    if (this.#state === 'quiet' || ageMs <= this.#maxAgeMs) this.#watch(ageMs);
  }

  /** Something may have been pending for so long. */
  expire(): void {
    this.#state = 'quiet';
    if (this.#oldestSinceMs === undefined) return;
    const ageMs = this.#clock.monotonic() - this.#oldestSinceMs;
    if (ageMs <= this.#maxAgeMs) {
      this.#watch(ageMs);
      return;
    }
    this.#state = 'reported';
    this.#onLagging(ageMs);
  }

  #watch(ageMs: number): void {
    this.#state = 'watching';
    // One more millisecond: timers may fire a fraction early, and "longer than" is meant strictly.
    Deadlines.of(this.#clock).add(this, Math.max(0, this.#maxAgeMs - ageMs) + 1);
  }
}
