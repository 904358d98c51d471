import type {
  AccountHead,
  CommitBatch,
  CommitOptions,
  OperationOptions,
  PersistenceDriver,
} from '../../../src/core/persistence-driver.js';
import type { MemoryBackend } from '../../../src/drivers/memory-backend.js';
import { WrappedDriver } from './wrapped-driver.js';

/** Where a head is stored. */
export type HeadKey = (accountId: string) => string;

/** Starts again at revision 1 when a dropped account is written again. */
export class ReusesRevisions extends WrappedDriver {
  readonly #backend: MemoryBackend;
  readonly #headKey: HeadKey;
  readonly #makeInner: () => PersistenceDriver;

  constructor(makeInner: () => PersistenceDriver, backend: MemoryBackend, headKey: HeadKey) {
    super(makeInner());
    this.#makeInner = makeInner;
    this.#backend = backend;
    this.#headKey = headKey;
  }

  override async commit(accountId: string, batch: CommitBatch, options: CommitOptions): Promise<AccountHead> {
    const stored = options.expected === undefined || options.signal?.aborted ? undefined : await this.#peek(accountId);
    if (!stored?.dropped || stored.writeId !== options.expected?.writeId) {
      return super.commit(accountId, batch, options);
    }
    this.#backend.delete(this.#headKey(accountId));
    const reborn = this.#makeInner();
    return reborn.commit(accountId, batch, { ...options, expected: undefined });
  }

  override async head(accountId: string, options?: OperationOptions): Promise<AccountHead | undefined> {
    await super.accounts(options)[Symbol.asyncIterator]().next();
    return this.#peek(accountId);
  }

  /** The stored head, without minding what it was before. */
  async #peek(accountId: string): Promise<AccountHead | undefined> {
    return this.#makeInner().head(accountId);
  }
}
