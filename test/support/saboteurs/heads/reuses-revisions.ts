import type {
  AccountHead,
  CommitBatch,
  CommitOptions,
  OperationOptions,
  PersistenceDriver,
  StoredAccount,
} from '../../../../src/core/persistence-driver.js';
import type { MemoryBackend } from '../../../../src/drivers/memory/backend.js';
import { copyOf } from '../copy-of.js';
import { WrappedDriver } from '../wrapped-driver.js';

/** Where a head is stored. */
export type HeadKey = (accountId: string) => string;

/** Starts again at revision 1 when a dropped account is written again. */
export class ReusesRevisions extends WrappedDriver {
  readonly #backend: MemoryBackend;
  readonly #headKey: HeadKey;
  readonly #makeInner: () => PersistenceDriver;
  /** Drivers that know nothing of the former life of an account. */
  readonly #reborn = new Map<string, PersistenceDriver>();

  constructor(makeInner: () => PersistenceDriver, backend: MemoryBackend, headKey: HeadKey) {
    super(makeInner());
    this.#makeInner = makeInner;
    this.#backend = backend;
    this.#headKey = headKey;
  }

  override head(accountId: string, options?: OperationOptions): Promise<AccountHead | undefined> {
    return this.#driver(accountId).head(accountId, options);
  }

  override load(accountId: string, options?: OperationOptions): Promise<StoredAccount | undefined> {
    return this.#driver(accountId).load(accountId, options);
  }

  override async commit(accountId: string, batch: CommitBatch, options: CommitOptions): Promise<AccountHead> {
    const copy = copyOf(batch);
    const driver = this.#driver(accountId);
    const head = await driver.commit(accountId, copy, options);
    if (!this.#dropped.delete(accountId)) return head;
    this.#backend.delete(this.#headKey(accountId));
    const reborn = this.#makeInner();
    this.#reborn.set(accountId, reborn);
    return reborn.commit(accountId, copy, { ...options, expected: undefined });
  }

  override async drop(accountId: string, options: CommitOptions): Promise<AccountHead> {
    const head = await this.#driver(accountId).drop(accountId, options);
    this.#dropped.add(accountId);
    return head;
  }

  readonly #dropped = new Set<string>();

  #driver(accountId: string): PersistenceDriver {
    return this.#reborn.get(accountId) ?? this.inner;
  }
}
