import type { AccountStateStore } from 'accountkeeper';
import { Random } from '../../contract/random.js';
import type { AccountView, Entry } from './protocol.js';

/** A state of one account: symbol to the step that last changed it. */
export type State = ReadonlyMap<string, number>;

/** A store that a run changes. */
export type RunStore = AccountStateStore<Entry, Entry>;

/** How often and how soon a store that a run changes writes, in milliseconds. */
export const QUICK_FLUSH = { debounceMs: 1, maxWaitMs: 5, commitTimeoutMs: 1_000, retryInitialMs: 10, retryMaxMs: 100 };

const SYMBOLS = 24;
const MAX_CHANGES = 6;
const TICK_MS = 10;

/** What a step changes: some symbols are written, some deleted. It is known beforehand, and the same in every run. */
export function changesOf(step: number, account = 0): { readonly symbol: string; readonly deleted: boolean }[] {
  const random = new Random(step, `${account}`);
  const changes = new Map<string, boolean>();
  for (let left = 1 + random.below(MAX_CHANGES); left > 0; left -= 1) {
    const symbol = `S${random.below(SYMBOLS)}USDT`;
    changes.set(symbol, random.below(5) === 0);
  }
  return [...changes].map(([symbol, deleted]) => ({ symbol, deleted }));
}

/** Brings a state from one step to a later one. */
export function advance(state: Map<string, number>, from: number, to: number, account = 0): void {
  for (let step = from + 1; step <= to; step += 1) {
    for (const { symbol, deleted } of changesOf(step, account)) {
      if (deleted) state.delete(symbol);
      else state.set(symbol, step);
    }
  }
}

/** The state after a step, as it must be. */
export function stateAfter(step: number, account = 0): State {
  const state = new Map<string, number>();
  advance(state, 0, step, account);
  return state;
}

/** Whether the symbols are those of this state, and of no other. */
export function shows({ symbols }: AccountView, state: State): boolean {
  return symbols.length === state.size && symbols.every(([symbol, { step }]) => state.get(symbol) === step);
}

/** Makes one step in a store: one transaction. */
export function makeStep(store: RunStore, entry: Entry, account = 0): void {
  store.transaction(() => {
    for (const { symbol, deleted } of changesOf(entry.step, account)) {
      if (deleted) store.deletePositionMetadata(symbol);
      else store.setSymbolMetadata(symbol, entry);
    }
    store.setAccountMetadata(entry);
  });
}

/** The last step that a store holds. */
export function lastStepOf(store: RunStore): number {
  return store.getAccountMetadata()?.step ?? 0;
}

/** What a store holds in memory. */
export function viewOf(store: RunStore): AccountView {
  const symbols = store.getSymbolsWithMetadata().flatMap((symbol) => {
    const entry = store.getSymbolMetadata(symbol);
    return entry === undefined ? [] : [[symbol, entry] as const];
  });
  return { last: store.getAccountMetadata(), symbols };
}

/** What changes an account steadily. */
export interface StepWriterOptions {
  readonly store: RunStore;
  /** Under which name. */
  readonly by: string;
  readonly changesPerSecond: number;
}

/** Changes a store that is restored, from the step on that it holds. */
export class StepWriter {
  readonly #options: StepWriterOptions;
  readonly #firstStep: number;
  readonly #startedAt = performance.now();
  readonly #timer: NodeJS.Timeout;
  #isStopped = false;
  #step: number;

  constructor(options: StepWriterOptions) {
    this.#options = options;
    this.#firstStep = lastStepOf(options.store);
    this.#step = this.#firstStep;
    this.#timer = setInterval(() => this.#tick(), TICK_MS);
  }

  /** The last step that was made in memory. */
  get step(): number {
    return this.#step;
  }

  stop(): void {
    this.#isStopped = true;
    clearInterval(this.#timer);
  }

  /** Makes one step more. */
  change(): void {
    const { by, store } = this.#options;
    makeStep(store, { step: this.#step + 1, by });
    this.#step += 1;
  }

  /** Catches up with the time, so that the rate holds when the event loop was busy, or the process was stopped. */
  #tick(): void {
    const passed = performance.now() - this.#startedAt;
    const due = this.#firstStep + Math.floor((passed * this.#options.changesPerSecond) / 1000);
    while (this.#step < due && !this.#isStopped) this.change();
  }
}
