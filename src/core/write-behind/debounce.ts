/** Limits of a {@link Debounce}, in milliseconds. */
export interface DebounceOptions {
  /** How long after the last change a flush is due. */
  readonly debounceMs: number;
  /** How long after the first change a flush is due at the latest. */
  readonly maxWaitMs: number;
}

/** When a flush is due: `debounceMs` after the last change, `maxWaitMs` after the first one at the latest. */
export class Debounce {
  readonly #options: DebounceOptions;
  #firstMs: number | undefined;
  #lastMs = 0;

  constructor(options: DebounceOptions) {
    this.#options = options;
  }

  restart(nowMs: number): void {
    this.#firstMs ??= nowMs;
    this.#lastMs = nowMs;
  }

  /** Forgets the changes so far: they are being written. */
  reset(): void {
    this.#firstMs = undefined;
  }

  /** Milliseconds until a flush is due; 0 when it is, or when there was no change. */
  remainingMs(nowMs: number): number {
    if (this.#firstMs === undefined) return 0;
    const dueMs = Math.min(this.#lastMs + this.#options.debounceMs, this.#firstMs + this.#options.maxWaitMs);
    return Math.max(0, dueMs - nowMs);
  }
}
