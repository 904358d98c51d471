import {
  AccountStateStore,
  isAccountKeeperError,
  type PersistenceDriver,
  type StoreEventMap,
} from '../../src/index.js';
import type { Entry, FencedReport, Reports } from './protocol.js';
import { StepWriter, viewOf } from './step-writer.js';

const FLUSH_PAUSE_MS = 3;

/** How a worker reports. */
export type Say = <Kind extends keyof Reports>(kind: Kind, report: Reports[Kind]) => void;

/** What one ownership of the account works with. */
export interface TenureOptions {
  readonly driver: PersistenceDriver;
  readonly accountId: string;
  readonly by: string;
  readonly changesPerSecond: number;
  readonly say: Say;
}

/** One ownership of the account: a store of its own, which changes the account steadily until another one takes it over. */
export class Tenure {
  readonly #options: TenureOptions;
  readonly #store: AccountStateStore<Entry, Entry>;
  #writer: StepWriter | undefined;
  #flushing: Promise<void> | undefined;
  #ended = false;

  constructor(options: TenureOptions) {
    const { accountId, by, driver, say } = options;
    let ids = 0;
    this.#options = options;
    this.#store = new AccountStateStore<Entry, Entry>({
      accountId,
      driver,
      flush: { debounceMs: 1, maxWaitMs: 5, commitTimeoutMs: 1_000, retryInitialMs: 10, retryMaxMs: 100 },
      createId: () => {
        ids += 1;
        return `${by}:${ids}`;
      },
    });
    this.#store.on('fenced', (event) => this.#fenced(event));
    this.#store.on('record-rejected', ({ error }) => say('failed', `record-rejected: ${error.message}`));
  }

  /** Takes the account over, however long the backend is away, and begins to change it. */
  async begin(): Promise<void> {
    const revision = await this.#restore();
    const { by, changesPerSecond, say } = this.#options;
    say('owned', { revision, view: viewOf(this.#store) });
    this.#writer = new StepWriter({ store: this.#store, by, changesPerSecond });
    this.#flushing = this.#flushAgainAndAgain(this.#writer);
  }

  async end(): Promise<void> {
    this.#stop();
    let error: string | undefined;
    try {
      await this.#store.close();
    } catch (thrown) {
      error = codeOf(thrown);
    }
    await this.#flushing;
    this.#options.say('closed', { error, lastStep: this.#writer?.step ?? 0 });
  }

  async #restore(): Promise<number> {
    for (;;) {
      try {
        const { revision } = await this.#store.restore({ timeoutMs: 3_000 });
        return revision;
      } catch (error) {
        if (!isAccountKeeperError(error) || !error.retryable) throw error;
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
    }
  }

  async #flushAgainAndAgain(writer: StepWriter): Promise<void> {
    while (!this.#ended) {
      const { step } = writer;
      try {
        await this.#store.flush();
        this.#options.say('acknowledged', step);
      } catch (error) {
        if (this.#ended) return;
        if (!isAccountKeeperError(error) || !error.retryable) throw error;
      }
      await new Promise((resolve) => setTimeout(resolve, FLUSH_PAUSE_MS));
    }
  }

  #stop(): void {
    this.#ended = true;
    this.#writer?.stop();
  }

  #fenced({ by, outcome, unacknowledged }: StoreEventMap['fenced'][0]): void {
    this.#stop();
    const values = Array.from(unacknowledged, ([key, value]) => [key, (value as Entry | undefined) ?? null] as const);
    // The event comes before the store has left the commit behind: what it says is asked in a turn of its own.
    setImmediate(() => {
      void this.#reportFenced({ byWriterId: by?.writerId, outcome, unacknowledged: values });
    });
  }

  async #reportFenced(event: Pick<FencedReport, 'byWriterId' | 'outcome' | 'unacknowledged'>): Promise<void> {
    const store = this.#store;
    const entry: Entry = { step: -1, by: this.#options.by };
    const refusals = [
      refusalOf(() => store.setSymbolMetadata('FENCED', entry)),
      refusalOf(() => store.deletePositionMetadata(store.getSymbolsWithMetadata()[0] ?? 'FENCED')),
      refusalOf(() => store.setAccountMetadata(entry)),
      refusalOf(() => store.transaction(() => store.setAccountMetadata(entry))),
      await store.flush().then(() => undefined, codeOf),
    ];
    const { ownership, state } = store.persistenceStatus();
    const view = viewOf(store);
    this.#options.say('fenced', { ...event, refusals, ownership, state, view, lastStep: this.#writer?.step ?? 0 });
    await this.end();
  }
}

function refusalOf(call: () => unknown): string | undefined {
  try {
    call();
    return undefined;
  } catch (error) {
    return codeOf(error);
  }
}

function codeOf(error: unknown): string {
  return isAccountKeeperError(error) ? error.code : String(error);
}
