import type { Clock, TimerHandle } from '../../src/core/shared/clock.js';

/** The clock of one process: when the process is killed its timers go with it, and time goes on for the others. */
export class ProcessClock implements Clock {
  readonly #timers = new Set<TimerHandle>();
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  now(): number {
    return this.#clock.now();
  }

  monotonic(): number {
    return this.#clock.monotonic();
  }

  setTimeout(callback: () => void, delayMs: number): TimerHandle {
    const timer = this.#clock.setTimeout(() => {
      this.#timers.delete(timer);
      callback();
    }, delayMs);
    this.#timers.add(timer);
    return {
      cancel: () => {
        this.#timers.delete(timer);
        timer.cancel();
      },
    };
  }

  kill(): void {
    for (const timer of this.#timers) timer.cancel();
    this.#timers.clear();
  }
}
