import type {
  AccountHead,
  CommitBatch,
  CommitOptions,
  PersistenceDriver,
} from '../../../../src/core/persistence-driver.js';
import type { MemoryBackend } from '../../../../src/drivers/memory/backend.js';
import { copyOf } from '../copy-of.js';
import { WrappedDriver } from '../wrapped-driver.js';
import type { RecordKey } from './half-applies.js';

/** Sends a large batch in parts, of which the last one brings the head. */
export class SplitsBatches extends WrappedDriver {
  readonly #backend: MemoryBackend;
  readonly #recordKey: RecordKey;
  readonly #largest: number;

  constructor(inner: PersistenceDriver, backend: MemoryBackend, recordKey: RecordKey, largest: number) {
    super(inner);
    this.#backend = backend;
    this.#recordKey = recordKey;
    this.#largest = largest;
  }

  override async commit(accountId: string, batch: CommitBatch, options: CommitOptions): Promise<AccountHead> {
    const { batchRecords } = this.limits;
    const { upserts, deletes } = copyOf(batch);
    const records = [...upserts];
    const isAllowed = records.length + deletes.size <= batchRecords && !options.signal?.aborted;
    while (isAllowed && records.length > this.#largest) {
      for (const [key, value] of records.splice(0, this.#largest)) {
        this.#backend.set(this.#recordKey(accountId, key), JSON.stringify({ value }));
      }
      await new Promise((resolve) => setImmediate(resolve));
    }
    return super.commit(accountId, isAllowed ? { upserts: new Map(records), deletes } : batch, options);
  }
}
