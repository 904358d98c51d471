import type {
  AccountHead,
  CommitBatch,
  CommitOptions,
  PersistenceDriver,
} from '../../../../src/core/persistence-driver.js';
import type { MemoryBackend } from '../../../../src/drivers/memory/backend.js';
import { hasCode } from '../errors.js';
import { WrappedDriver } from '../wrapped-driver.js';

/** Where a record is stored. */
export type RecordKey = (accountId: string, record: string) => string;

/** Writes the records one by one: those before a failure are stored. */
export class HalfApplies extends WrappedDriver {
  readonly #backend: MemoryBackend;
  readonly #recordKey: RecordKey;

  constructor(inner: PersistenceDriver, backend: MemoryBackend, recordKey: RecordKey) {
    super(inner);
    this.#backend = backend;
    this.#recordKey = recordKey;
  }

  override async commit(accountId: string, batch: CommitBatch, options: CommitOptions): Promise<AccountHead> {
    try {
      return await super.commit(accountId, batch, options);
    } catch (error) {
      if (hasCode(error, 'UNAVAILABLE')) this.#applyHalf(accountId, batch);
      throw error;
    }
  }

  #applyHalf(accountId: string, { upserts }: CommitBatch): void {
    const entries = this.#entries(accountId);
    for (const [key, value] of [...upserts].slice(0, Math.ceil(upserts.size / 2))) {
      entries.set(this.#recordKey(accountId, key), JSON.stringify({ value }));
    }
  }

  /** Nothing can be stored while the whole backend fails. */
  #entries(accountId: string): Map<string, string> {
    try {
      return this.#backend.neighbours(this.#recordKey(accountId, 'any')) as Map<string, string>;
    } catch {
      return new Map();
    }
  }
}
