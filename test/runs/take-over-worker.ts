import { setTimeout as delay } from 'node:timers/promises';
import {
  AccountStateStore,
  createDriver,
  isAccountKeeperError,
  type PersistenceDriver,
  type StoreEventMap,
} from 'accountkeeper';
import type { AccountView, CommonReports, Entry, Say } from './harness/protocol.js';
import { serve } from './harness/worker.js';
import { QUICK_FLUSH, type RunStore, StepWriter, viewOf } from './harness/workload.js';

const FLUSH_PAUSE_MS = 3;

/** What the worker is told. */
export type TakeOverCommand =
  /** Make a new store, take the account over, and go on from the step that is found. */
  | { readonly do: 'own'; readonly accountId: string; readonly by: string; readonly changesPerSecond: number }
  /** Write no more, close, and end. */
  | { readonly do: 'end' };

/** What the worker reports. */
export interface TakeOverReports extends CommonReports {
  readonly owned: { readonly revision: number; readonly view: AccountView };
  readonly fenced: FencedReport;
  /** The store is closed, after it was fenced or because the worker ends. */
  readonly closed: { readonly error: string | undefined; readonly lastStep: number };
}

/** What a former owner found when it was fenced. */
export interface FencedReport {
  readonly byWriterId: string | undefined;
  readonly outcome: 'not-applied' | 'unknown';
  /** Record key and value; null where it was deleted. */
  readonly unacknowledged: readonly (readonly [recordKey: string, value: Entry | null])[];
  readonly state: string;
  readonly ownership: string;
  /** The codes with which `setSymbolMetadata`, `deletePositionMetadata`, `setAccountMetadata`, `transaction` and `flush` answered. */
  readonly refusals: readonly (string | undefined)[];
  /** What is read from the fenced store. */
  readonly view: AccountView;
  /** The last step that was made in memory. */
  readonly lastStep: number;
}

/** What one ownership of the account works with. */
interface TenureOptions {
  readonly driver: PersistenceDriver;
  readonly accountId: string;
  readonly by: string;
  readonly changesPerSecond: number;
  readonly say: Say<TakeOverReports>;
}

/** One ownership of the account: a store of its own, which changes the account steadily until another one takes it over. */
class Tenure {
  readonly #options: TenureOptions;
  readonly #store: RunStore;
  #writer: StepWriter | undefined;
  #flushing: Promise<void> | undefined;
  #ended = false;

  constructor(options: TenureOptions) {
    const { accountId, by, driver, say } = options;
    let ids = 0;
    this.#options = options;
    this.#store = new AccountStateStore({
      accountId,
      driver,
      flush: QUICK_FLUSH,
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
        await delay(10);
      }
    }
  }

  async #flushAgainAndAgain(writer: StepWriter): Promise<void> {
    const { accountId, say } = this.#options;
    while (!this.#ended) {
      const { step } = writer;
      try {
        await this.#store.flush();
        say('acknowledged', { accountId, step });
      } catch (error) {
        if (this.#ended) return;
        if (!isAccountKeeperError(error) || !error.retryable) throw error;
      }
      await delay(FLUSH_PAUSE_MS);
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

serve<TakeOverCommand, TakeOverReports>((url, say) => {
  const driver = createDriver({ url, operationTimeoutMs: 1_000 });
  let tenure: Tenure | undefined;
  return async (command) => {
    if (command.do === 'own') {
      tenure = new Tenure({ ...command, driver, say });
      return tenure.begin();
    }
    await tenure?.end();
    await driver.close({ timeoutMs: 1_000 });
    process.exit(0);
  };
});
