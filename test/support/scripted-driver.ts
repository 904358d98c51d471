import { AccountKeeperError } from '../../src/core/errors.js';
import type {
  AccountHead,
  CommitBatch,
  CommitOptions,
  ForgetOptions,
  OpenOptions,
  OperationOptions,
  PersistenceDriver,
  StoredAccount,
} from '../../src/core/persistence-driver.js';
import type { Clock } from '../../src/core/shared/clock.js';

/** What happens to one commit instead of simply being applied. */
export type CommitFault =
  /** Refused before anything was written. */
  | 'refuse'
  /** Applied, but the reply is lost. */
  | 'lose-reply'
  /** Lost on the way there; nobody knows. */
  | 'lose-request'
  /** Not applied by the deadline, which is reported; applied later, by `deliverLate()`. */
  | 'late'
  /** Applied at once, but never answered: by the deadline it is reported as timed out. */
  | 'hang'
  /** An error without the brand. */
  | 'unbranded'
  /** Applied, and answered with nothing in the place of a head. */
  | 'no-head'
  /** The whole batch is refused, without naming a record. */
  | 'too-large'
  /** Refused for good, for a reason that is no record's. */
  | 'broken'
  | { readonly error: AccountKeeperError };

/** One commit as it was sent. */
export interface SentCommit {
  readonly batch: CommitBatch;
  readonly options: CommitOptions;
}

/** Puts faults between a store and a working driver, by script. */
export class ScriptedDriver implements PersistenceDriver {
  readonly apiVersion = 1;
  readonly name = 'scripted';
  readonly sent: SentCommit[] = [];
  /** Consumed one by one, a commit each; empty: commits are applied. */
  readonly faults: (CommitFault | undefined)[] = [];
  /** Record keys that make a whole batch fail; with `namesRecords` the error says which. */
  readonly poison = new Set<string>();
  namesRecords = true;
  /** Rejects the next loads. */
  failLoads = 0;
  #late: (() => Promise<unknown>)[] = [];
  #inFlight = 0;
  #maxInFlight = 0;
  readonly #inner: PersistenceDriver;
  readonly #clock: Clock;

  constructor(inner: PersistenceDriver, clock: Clock) {
    this.#inner = inner;
    this.#clock = clock;
  }

  get capabilities(): PersistenceDriver['capabilities'] {
    return this.#inner.capabilities;
  }

  get limits(): PersistenceDriver['limits'] {
    return this.#inner.limits;
  }

  /** The most commits that were ever in flight side by side. */
  get maxInFlight(): number {
    return this.#maxInFlight;
  }

  open(options?: OpenOptions): Promise<void> {
    return this.#inner.open(options);
  }

  head(accountId: string, options?: OperationOptions): Promise<AccountHead | undefined> {
    return this.#inner.head(accountId, options);
  }

  async load(accountId: string, options?: OperationOptions): Promise<StoredAccount | undefined> {
    if (this.failLoads > 0) {
      this.failLoads -= 1;
      throw new AccountKeeperError('UNAVAILABLE', 'scripted: the backend is down');
    }
    return this.#inner.load(accountId, options);
  }

  async commit(accountId: string, batch: CommitBatch, options: CommitOptions): Promise<AccountHead> {
    const { upserts, deletes, documents } = batch;
    const copy = { upserts: new Map(upserts), deletes: new Set(deletes), documents: new Set(documents) };
    this.sent.push({ batch: copy, options });
    this.#inFlight += 1;
    this.#maxInFlight = Math.max(this.#maxInFlight, this.#inFlight);
    try {
      return await this.#commit(accountId, batch, options);
    } finally {
      this.#inFlight -= 1;
    }
  }

  drop(accountId: string, options: CommitOptions): Promise<AccountHead> {
    return this.#inner.drop(accountId, options);
  }

  async forget(accountId: string, options: ForgetOptions): Promise<void> {
    await this.#inner.forget?.(accountId, options);
  }

  accounts(options?: OperationOptions): AsyncIterable<string> {
    return this.#inner.accounts(options);
  }

  close(options?: OperationOptions): Promise<void> {
    return this.#inner.close(options);
  }

  /** Delivers what was reported as timed out and had not landed. */
  async deliverLate(): Promise<void> {
    const late = this.#late;
    this.#late = [];
    await Promise.allSettled(late.map((deliver) => deliver()));
  }

  async #commit(accountId: string, batch: CommitBatch, options: CommitOptions): Promise<AccountHead> {
    const { timeoutMs: _, signal: __, ...plain } = options;
    const apply = (): Promise<AccountHead> => this.#inner.commit(accountId, batch, plain);
    const poisoned = [...batch.upserts.keys(), ...batch.deletes].filter((recordKey) => this.poison.has(recordKey));
    if (poisoned.length > 0) {
      const records = this.namesRecords ? poisoned : undefined;
      throw new AccountKeeperError('INVALID_VALUE', 'scripted: a record is at fault', { records });
    }
    const fault = this.faults.shift();
    if (fault === undefined) return apply();
    if (typeof fault === 'object') throw fault.error;
    switch (fault) {
      case 'refuse':
        throw new AccountKeeperError('UNAVAILABLE', 'scripted: refused');
      case 'lose-reply':
        await apply();
        throw new AccountKeeperError('UNAVAILABLE', 'scripted: connection lost', { outcome: 'unknown' });
      case 'lose-request':
        throw new AccountKeeperError('UNAVAILABLE', 'scripted: connection lost', { outcome: 'unknown' });
      case 'late':
        this.#late.push(apply);
        return this.#untilDeadline(options);
      case 'hang':
        await apply();
        return this.#untilDeadline(options);
      case 'no-head':
        await apply();
        return undefined as unknown as AccountHead;
      case 'unbranded':
        throw new TypeError('scripted: a bug of the driver');
      case 'too-large':
        throw new AccountKeeperError('TOO_LARGE', 'scripted: the batch is too large');
      case 'broken':
        throw new AccountKeeperError('CORRUPT', 'scripted: the head cannot be read');
    }
  }

  #untilDeadline({ timeoutMs = 10_000, signal }: CommitOptions): Promise<never> {
    return new Promise((_, reject) => {
      const timer = this.#clock.setTimeout(() => {
        reject(new AccountKeeperError('TIMEOUT', 'scripted: timed out', { outcome: 'unknown' }));
      }, timeoutMs);
      signal?.addEventListener('abort', () => {
        timer.cancel();
        reject(new AccountKeeperError('ABORTED', 'scripted: aborted', { outcome: 'unknown' }));
      });
    });
  }
}
