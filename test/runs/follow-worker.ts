import { AccountStateStore, createDriver, type PersistenceDriver, type StoreEventMap } from 'accountkeeper';
import type { CommonReports, Say } from './harness/protocol.js';
import { serve } from './harness/worker.js';
import { QUICK_FLUSH } from './harness/workload.js';

const TICK_MS = 10;
/** So often all records of the account are compared, not only those that changed. */
const WHOLE_EVERY = 20;

/** A record, and the value of its twin. */
interface Numbered {
  readonly step: number;
  /** Makes a record as long as one of a bot. */
  readonly note: string;
}

/** What the worker is told. */
export type FollowCommand =
  | { readonly do: 'own'; readonly accountId: string; readonly pairs: number; readonly changesPerSecond: number }
  | { readonly do: 'follow'; readonly accountId: string }
  /** Make no more changes, close, and end. */
  | { readonly do: 'end' };

/** What the worker reports. All times are in milliseconds since the Unix epoch, by the one clock of the machine. */
export interface FollowReports extends CommonReports {
  /** The store is restored: the owner begins to change it, the follower to follow. */
  readonly ready: true;
  /** The owner has made all changes up to this step. */
  readonly made: { readonly step: number; readonly atMs: number };
  /** The backend has acknowledged this revision to the owner. */
  readonly flushed: { readonly revision: number; readonly atMs: number };
  /** The follower shows this revision, and the changes up to this step. */
  readonly shown: { readonly revision: number; readonly step: number; readonly atMs: number };
  /** The follower could not read the account, and can again. */
  readonly recovered: { readonly atMs: number };
  readonly closed: { readonly cpuMs: number; readonly revision: number };
}

type Store = AccountStateStore<Numbered, Numbered>;

function nowMs(): number {
  return performance.timeOrigin + performance.now();
}

const NOTE = 'x'.repeat(150);

/** Changes the two records of a pair together, a pair after the other. */
class Owner {
  readonly #say: Say<FollowReports>;
  readonly #store: Store;
  readonly #pairs: number;
  #timer: NodeJS.Timeout | undefined;
  #step = 0;

  constructor(driver: PersistenceDriver, accountId: string, pairs: number, say: Say<FollowReports>) {
    this.#say = say;
    this.#pairs = pairs;
    this.#store = new AccountStateStore({ accountId, driver, flush: QUICK_FLUSH });
    this.#store.on('flushed', ({ revision }) => say('flushed', { revision, atMs: nowMs() }));
    this.#store.on('fenced', ({ error }) => say('failed', error.message));
  }

  async begin(changesPerSecond: number): Promise<void> {
    await this.#store.restore();
    for (let n = 0; n < this.#pairs; n += 1) this.#change();
    await this.#store.flush();
    const first = this.#step;
    const startedAt = performance.now();
    this.#say('ready', true);
    this.#timer = setInterval(() => {
      const due = first + Math.floor(((performance.now() - startedAt) * changesPerSecond) / 1000);
      while (this.#step < due) this.#change();
      this.#say('made', { step: this.#step, atMs: nowMs() });
    }, TICK_MS);
  }

  async end(): Promise<number> {
    clearInterval(this.#timer);
    await this.#store.flush();
    const { revision = 0 } = this.#store.persistenceStatus();
    await this.#store.close();
    return revision;
  }

  #change(): void {
    this.#step += 1;
    const entry: Numbered = { step: this.#step, note: NOTE };
    const pair = this.#step % this.#pairs;
    this.#store.transaction(() => {
      this.#store.setSymbolMetadata(`L${pair}`, entry);
      this.#store.setSymbolMetadata(`R${pair}`, entry);
      this.#store.setAccountMetadata({ step: this.#step, note: '' });
    });
  }
}

/** Follows the account, and looks at what it shows. */
class Follower {
  readonly #say: Say<FollowReports>;
  readonly #store: Store;
  #revision = 0;
  #step = 0;
  #states = 0;

  constructor(driver: PersistenceDriver, accountId: string, say: Say<FollowReports>) {
    this.#say = say;
    this.#store = new AccountStateStore({ accountId, driver, ownership: { mode: 'read-only', follow: true } });
    this.#store.on('refreshed', (event) => this.#shown(event));
    this.#store.on('recovered', () => say('recovered', { atMs: nowMs() }));
    this.#store.on('refresh-failed', ({ error }) => {
      if (!error.retryable) say('failed', `refresh-failed: ${error.message}`);
    });
  }

  async begin(): Promise<void> {
    const { revision } = await this.#store.restore();
    this.#revision = revision;
    this.#say('ready', true);
  }

  async end(): Promise<number> {
    const { revision = 0 } = this.#store.persistenceStatus();
    await this.#store.close();
    return revision;
  }

  #shown({ changed, revision }: StoreEventMap['refreshed'][0]): void {
    const atMs = nowMs();
    const step = this.#store.getAccountMetadata()?.step ?? 0;
    if (revision <= this.#revision) this.#say('failed', `revision ${revision} was shown after ${this.#revision}`);
    if (step < this.#step) this.#say('failed', `step ${step} was shown after ${this.#step}`);
    this.#revision = revision;
    this.#step = step;
    this.#states += 1;
    const symbols = changed.filter((key) => key.startsWith('metadata/')).map((key) => key.slice('metadata/'.length));
    const looked = this.#states % WHOLE_EVERY === 0 ? this.#store.getSymbolsWithMetadata() : symbols;
    for (const symbol of looked) this.#requireWhole(symbol, step);
    this.#say('shown', { revision, step, atMs });
  }

  #requireWhole(symbol: string, last: number): void {
    const twin = `${symbol.startsWith('L') ? 'R' : 'L'}${symbol.slice(1)}`;
    const [one, other] = [symbol, twin].map((each) => this.#store.getSymbolMetadata(each)?.step);
    if (one !== other) this.#say('failed', `half a commit: ${symbol} is of step ${one}, ${twin} of ${other}`);
    if (one === undefined || one > last) this.#say('failed', `half a commit: ${symbol} of ${one}, the last is ${last}`);
  }
}

serve<FollowCommand, FollowReports>((url, say) => {
  const driver = createDriver({ url });
  let one: Owner | Follower | undefined;
  return async (command) => {
    switch (command.do) {
      case 'own': {
        const owner = new Owner(driver, command.accountId, command.pairs, say);
        one = owner;
        return owner.begin(command.changesPerSecond);
      }
      case 'follow': {
        const follower = new Follower(driver, command.accountId, say);
        one = follower;
        return follower.begin();
      }
      case 'end': {
        const revision = (await one?.end()) ?? 0;
        const { user, system } = process.cpuUsage();
        say('closed', { revision, cpuMs: (user + system) / 1000 });
        await driver.close({ timeoutMs: 1_000 });
        process.exit(0);
      }
    }
  };
});
