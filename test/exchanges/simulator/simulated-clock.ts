/** The exchange's clock: it stands still until it is advanced, or runs with another clock. */
export class SimulatedClock {
  #nowMs: number;
  readonly #source: (() => number) | undefined;
  #sourceMs: number;

  /** `source` is the clock to run with, such as `Date.now`; its passing is taken over, not its time. */
  constructor(startMs: number, source?: () => number) {
    this.#nowMs = startMs;
    this.#source = source;
    this.#sourceMs = source?.() ?? 0;
  }

  get nowMs(): number {
    return this.#nowMs;
  }

  advance(ms: number): void {
    if (!Number.isSafeInteger(ms) || ms < 0) throw new RangeError(`expected whole milliseconds, received ${ms}`);
    this.#nowMs += ms;
  }

  /** Takes over what has passed on the source. Between two ticks the time stands still. */
  tick(): void {
    const sourceMs = this.#source?.() ?? this.#sourceMs;
    this.#nowMs += Math.max(0, sourceMs - this.#sourceMs);
    this.#sourceMs = Math.max(sourceMs, this.#sourceMs);
  }
}
