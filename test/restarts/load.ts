import { type AccountStateStore, isAccountKeeperError } from 'accountkeeper';
import { changesOf } from '../crash/history.js';

/** The account metadata of a loaded store: the step that it is at. */
export interface Cursor {
  readonly step: number;
}

const TICK_MS = 10;
const FLUSH_EVERY_TICKS = 10;

/**
 * Changes one account steadily, one transaction a step, and takes note of the last step that a flush acknowledged.
 * The state after each step is known: `stateAfter` of the crash tests computes it.
 */
export class Load {
  readonly #store: AccountStateStore<Cursor, Cursor>;
  readonly #stepsPerTick: number;
  #timer: NodeJS.Timeout | undefined;
  #ticks = 0;
  #startedAt = 0;
  #step = 0;
  #acknowledged = 0;
  #lastError: unknown;
  #refusal: unknown;

  constructor(store: AccountStateStore<Cursor, Cursor>, changesPerSecond: number) {
    this.#store = store;
    this.#stepsPerTick = (changesPerSecond * TICK_MS) / 1000;
  }

  /** The last step that was made. */
  get step(): number {
    return this.#step;
  }

  /** The last step that is known to be durable. */
  get acknowledged(): number {
    return this.#acknowledged;
  }

  /** What the last flush that failed rejected with. */
  get lastError(): unknown {
    return this.#lastError;
  }

  /** What a flush rejected with that the store does not get over by itself. */
  get refusal(): unknown {
    return this.#refusal;
  }

  start(): void {
    this.#startedAt = performance.now();
    this.#timer = setInterval(() => this.#tick(), TICK_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** Catches up with the time, so that the rate holds when the event loop was busy. */
  #tick(): void {
    this.#ticks += 1;
    const due = Math.floor(((performance.now() - this.#startedAt) / TICK_MS) * this.#stepsPerTick);
    while (this.#step < due) this.#change();
    if (this.#ticks % FLUSH_EVERY_TICKS === 0) void this.#flush();
  }

  #change(): void {
    this.#step += 1;
    const step = this.#step;
    this.#store.transaction(() => {
      for (const { symbol, deleted } of changesOf(0, step)) {
        if (deleted) this.#store.deletePositionMetadata(symbol);
        else this.#store.setSymbolMetadata(symbol, { step });
      }
      this.#store.setAccountMetadata({ step });
    });
  }

  async #flush(): Promise<void> {
    const step = this.#step;
    try {
      await this.#store.flush();
      this.#acknowledged = Math.max(this.#acknowledged, step);
    } catch (error) {
      this.#lastError = error;
      if (!isAccountKeeperError(error) || !error.retryable) this.#refusal ??= error;
    }
  }
}
