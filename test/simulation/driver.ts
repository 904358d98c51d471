import { AccountKeeperError } from '../../src/core/errors.js';
import type {
  AccountHead,
  CommitBatch,
  CommitOptions,
  DriverCapabilities,
  DriverLimits,
  OperationOptions,
  PersistenceDriver,
  StoredAccount,
} from '../../src/core/persistence-driver.js';
import type { CommitMessage, DriverMutant, SimulatedBackend } from './backend.js';
import type { Random } from './random.js';
import type { SimulatedProcess, SimulatedTime } from './time.js';

/** How bad the network is, and whether the backend answers. Changed while the world runs. */
export interface Weather {
  backend: 'up' | 'down' | 'paused';
  /** That a request, or a reply, is lost on its way. */
  loss: number;
  /** That a request arrives a second time, much later. */
  duplicates: number;
  /** That a request or a reply takes much longer. */
  delays: number;
  /** That the connection breaks: the caller is told at once. */
  cuts: number;
}

/** What a driver works with. */
export interface SimulatedDriverParts {
  readonly backend: SimulatedBackend;
  readonly time: SimulatedTime;
  readonly process: SimulatedProcess;
  readonly random: Random;
  readonly weather: Weather;
  readonly mutant: DriverMutant | undefined;
  readonly onCommit: (message: CommitMessage) => void;
}

type Operation = 'read' | 'write';

/** Speaks to the backend over a network that delays, loses, repeats and reorders. */
export class SimulatedDriver implements PersistenceDriver {
  readonly apiVersion = 1;
  readonly name = 'simulated';
  readonly capabilities: DriverCapabilities = {
    durability: 'host',
    atomicCommit: true,
    conditionalCommit: true,
    sharedAcrossProcesses: true,
  };
  readonly limits: DriverLimits = {
    keyBytes: 1_000,
    valueBytes: 1_000_000,
    batchBytes: 10_000_000,
    batchRecords: 100_000,
  };
  readonly #parts: SimulatedDriverParts;
  readonly #cachedIndex = new Map<string, Set<string>>();
  readonly #seen = new Map<string, number>();

  constructor(parts: SimulatedDriverParts) {
    this.#parts = parts;
  }

  /** The newest revision of an account that this driver was told of. It takes nothing older from the backend. */
  seen(accountId: string): number {
    return this.#seen.get(accountId) ?? 0;
  }

  async open(): Promise<void> {}

  head(accountId: string, options: OperationOptions = {}): Promise<AccountHead | undefined> {
    return this.#read(accountId, options, (backend) => backend.head(accountId));
  }

  async load(accountId: string, options: OperationOptions = {}): Promise<StoredAccount | undefined> {
    if (this.#parts.mutant !== 'loads-without-a-snapshot') {
      return this.#read(accountId, options, (backend) => backend.load(accountId));
    }
    const records = await this.#read(accountId, options, (backend) => backend.records(accountId));
    const head = await this.#read(accountId, options, (backend) => backend.head(accountId));
    return head === undefined ? undefined : { head, records, corrupt: new Map() };
  }

  commit(accountId: string, batch: CommitBatch, options: CommitOptions): Promise<AccountHead> {
    const copy = { upserts: new Map(batch.upserts), deletes: new Set(batch.deletes) };
    return this.#change({ accountId, batch: copy, options, dropped: false, ...this.#index(accountId, copy) });
  }

  drop(accountId: string, options: CommitOptions): Promise<AccountHead> {
    return this.#change({ accountId, batch: { upserts: new Map(), deletes: new Set() }, options, dropped: true });
  }

  async *accounts(): AsyncGenerator<string, void, undefined> {}

  async close(): Promise<void> {}

  /** Not from a backend that is older than what was seen when the call began. */
  async #read<T>(accountId: string, options: OperationOptions, ask: (backend: SimulatedBackend) => T): Promise<T> {
    const { backend } = this.#parts;
    const seen = this.seen(accountId);
    const { answer, head } = await this.#send('read', options, () => {
      const stored = backend.head(accountId);
      requireNotOlder(stored, seen);
      return { answer: ask(backend), head: stored };
    });
    this.#see(accountId, head);
    return answer;
  }

  async #change(message: CommitMessage): Promise<AccountHead> {
    const { backend, onCommit } = this.#parts;
    const { accountId, options } = message;
    const { expected, revisionFloor = 0 } = options;
    const seen = this.seen(accountId);
    onCommit(message);
    const head = await this.#send('write', options, () => {
      const stored = backend.head(accountId);
      const goesOn = stored?.writeId === expected?.writeId && revisionFloor >= seen;
      if (!goesOn) requireNotOlder(stored, seen);
      return backend.commit(message);
    });
    this.#see(accountId, head);
    return head;
  }

  #see(accountId: string, head: AccountHead | undefined): void {
    this.#seen.set(accountId, Math.max(this.seen(accountId), head?.revision ?? 0));
  }

  #index(accountId: string, { upserts, deletes }: CommitBatch): { readonly index?: ReadonlySet<string> } {
    const { backend, mutant } = this.#parts;
    if (mutant !== 'index-from-a-cached-copy') return {};
    const cached = this.#cachedIndex.get(accountId) ?? new Set(backend.records(accountId).keys());
    for (const recordKey of deletes) cached.delete(recordKey);
    for (const recordKey of upserts.keys()) cached.add(recordKey);
    this.#cachedIndex.set(accountId, cached);
    return { index: new Set(cached) };
  }

  #send<T>(operation: Operation, options: OperationOptions, atBackend: () => T): Promise<T> {
    const { process, random, time, weather } = this.#parts;
    const { signal, timeoutMs = 10_000 } = options;
    const outcome = operation === 'read' ? 'not-applied' : 'unknown';
    return new Promise((resolve, reject) => {
      const settle = (act: () => void): void => process.deliver(act);
      const fail = (code: 'TIMEOUT' | 'ABORTED' | 'UNAVAILABLE', as: 'not-applied' | 'unknown' = outcome): void => {
        done();
        reject(new AccountKeeperError(code, `simulated: ${code}`, { outcome: as }));
      };
      const abort = (): void => fail('ABORTED');
      const timer = process.clock.setTimeout(() => fail('TIMEOUT'), timeoutMs);
      const done = (): void => {
        timer.cancel();
        signal?.removeEventListener('abort', abort);
      };
      if (signal?.aborted === true) return fail('ABORTED', 'not-applied');
      signal?.addEventListener('abort', abort);
      if (random.chance(weather.cuts)) time.after(random.below(20), () => settle(() => fail('UNAVAILABLE')));
      const arrive = (): void => {
        if (weather.backend === 'paused') {
          time.after(50 + random.below(200), arrive);
          return;
        }
        if (weather.backend === 'down') {
          time.after(random.below(5), () => settle(() => fail('UNAVAILABLE', 'not-applied')));
          return;
        }
        const answer = attempt(atBackend);
        if (random.chance(weather.loss)) return;
        time.after(this.#travelMs(), () =>
          settle(() => {
            done();
            answer(resolve, reject);
          }),
        );
      };
      if (!random.chance(weather.loss)) time.after(this.#travelMs(), arrive);
      if (random.chance(weather.duplicates)) {
        time.after(random.below(30_000), () => {
          if (weather.backend === 'up') attempt(atBackend);
        });
      }
    });
  }

  #travelMs(): number {
    const { random, weather } = this.#parts;
    return random.chance(weather.delays) ? random.below(15_000) : random.below(8);
  }
}

function requireNotOlder(stored: AccountHead | undefined, seen: number): void {
  if ((stored?.revision ?? 0) >= seen) return;
  throw new AccountKeeperError('ROLLED_BACK', `simulated: older than revision ${seen}`, { head: stored });
}

function attempt<T>(work: () => T): (resolve: (value: T) => void, reject: (error: unknown) => void) => void {
  try {
    const value = work();
    return (resolve) => resolve(value);
  } catch (error) {
    return (_, reject) => reject(error);
  }
}
