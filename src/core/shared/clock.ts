/** Where time comes from. Injected in tests; {@link systemClock} otherwise. */
export interface Clock {
  /** Milliseconds since the Unix epoch. May jump. */
  now(): number;
  /** Milliseconds since an arbitrary instant. Never goes back. */
  monotonic(): number;
  /** Calls `callback` once, after `delayMs` milliseconds; keeps the process alive until then. */
  setTimeout(callback: () => void, delayMs: number): TimerHandle;
}

/** A timer that can be taken back. */
export interface TimerHandle {
  cancel(): void;
  /** Lets the process end before the timer fires. Clocks without it keep the process alive. */
  unref?(): void;
}

/** The longest delay that Node.js timers take: a longer one would fire at once. */
export const MAX_TIMER_MS = 2_147_483_647;

class SystemTimer implements TimerHandle {
  readonly #timer: NodeJS.Timeout;

  constructor(callback: () => void, delayMs: number) {
    this.#timer = setTimeout(callback, Math.min(delayMs, MAX_TIMER_MS));
  }

  cancel(): void {
    clearTimeout(this.#timer);
  }

  unref(): void {
    this.#timer.unref();
  }
}

/** The machine's clocks, looked up at each call so that a test's fake timers apply. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  setTimeout: (callback, delayMs) => new SystemTimer(callback, delayMs),
};
