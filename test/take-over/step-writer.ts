import type { AccountStateStore } from '../../src/index.js';
import { changesOf } from '../crash/history.js';
import type { AccountView, Entry } from './protocol.js';

const TICK_MS = 10;

/** What changes an account steadily, one transaction a step. */
export interface StepWriterOptions {
  readonly store: AccountStateStore<Entry, Entry>;
  /** Who writes. */
  readonly by: string;
  readonly changesPerSecond: number;
}

/** Changes a store that is restored, from the step on that it holds. */
export class StepWriter {
  readonly #options: StepWriterOptions;
  readonly #firstStep: number;
  readonly #startedAt = performance.now();
  readonly #timer: NodeJS.Timeout;
  #stopped = false;
  #step: number;

  constructor(options: StepWriterOptions) {
    this.#options = options;
    this.#step = options.store.getAccountMetadata()?.step ?? 0;
    this.#firstStep = this.#step;
    this.#timer = setInterval(() => this.#tick(), TICK_MS);
  }

  /** The last step that was made in memory. */
  get step(): number {
    return this.#step;
  }

  stop(): void {
    this.#stopped = true;
    clearInterval(this.#timer);
  }

  /** Makes one step more. */
  change(): void {
    const { by, store } = this.#options;
    const step = this.#step + 1;
    store.transaction(() => {
      for (const { symbol, deleted } of changesOf(0, step)) {
        if (deleted) store.deletePositionMetadata(symbol);
        else store.setSymbolMetadata(symbol, { step, by });
      }
      store.setAccountMetadata({ step, by });
    });
    this.#step = step;
  }

  /** Catches up with the time, so that the rate holds when the event loop was busy, or the process was stopped. */
  #tick(): void {
    const passed = performance.now() - this.#startedAt;
    const due = this.#firstStep + Math.floor((passed * this.#options.changesPerSecond) / 1000);
    while (this.#step < due && !this.#stopped) this.change();
  }
}

/** What a store holds in memory. */
export function viewOf(store: AccountStateStore<Entry, Entry>): AccountView {
  const symbols = store.getSymbolsWithMetadata().flatMap((symbol) => {
    const entry = store.getSymbolMetadata(symbol);
    return entry === undefined ? [] : [[symbol, entry] as const];
  });
  return { last: store.getAccountMetadata(), symbols };
}
