import type { Clock, TimerHandle } from '../shared/clock.js';

/** Tells once when something has been pending for longer than a bound, and again after it had caught up. */
export class LagMonitor {
  readonly #clock: Clock;
  readonly #maxAgeMs: number;
  readonly #onLagging: (oldestPendingMs: number) => void;
  #timer: TimerHandle | undefined;
  #oldestSinceMs: number | undefined;
  #reported = false;

  constructor(clock: Clock, maxAgeMs: number, onLagging: (oldestPendingMs: number) => void) {
    this.#clock = clock;
    this.#maxAgeMs = maxAgeMs;
    this.#onLagging = onLagging;
  }

  /** Has to be told whenever the oldest pending change may be another one; `undefined`: nothing is pending. */
  update(oldestSinceMs: number | undefined): void {
    this.#oldestSinceMs = oldestSinceMs;
    if (oldestSinceMs === undefined) {
      this.#timer?.cancel();
      this.#timer = undefined;
      this.#reported = false;
      return;
    }
    const ageMs = this.#clock.monotonic() - oldestSinceMs;
    if (ageMs <= this.#maxAgeMs) this.#reported = false;
    if (this.#timer === undefined && !this.#reported) this.#arm(ageMs);
  }

  #arm(ageMs: number): void {
    // One more millisecond: timers may fire a fraction early, and "longer than" is meant strictly.
    this.#timer = this.#clock.setTimeout(() => this.#check(), Math.max(0, this.#maxAgeMs - ageMs) + 1);
  }

  #check(): void {
    this.#timer = undefined;
    if (this.#oldestSinceMs === undefined) return;
    const ageMs = this.#clock.monotonic() - this.#oldestSinceMs;
    if (ageMs <= this.#maxAgeMs) {
      this.#arm(ageMs);
      return;
    }
    this.#reported = true;
    this.#onLagging(ageMs);
  }
}
