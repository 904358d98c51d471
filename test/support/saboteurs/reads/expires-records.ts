import type {
  AccountHead,
  CommitBatch,
  CommitOptions,
  OperationOptions,
  PersistenceDriver,
  StoredAccount,
} from '../../../../src/core/persistence-driver.js';
import { decodeEnvelope } from '../../../../src/drivers/base/envelope.js';
import type { MemoryBackend } from '../../../../src/drivers/memory/backend.js';
import type { RecordKey } from '../commits/half-applies.js';
import { WrappedDriver } from '../wrapped-driver.js';

const EXPIRES = ',"expires":4102444800000}';

/** Stores records with a time to live, which has not passed yet. */
export class ExpiresRecords extends WrappedDriver {
  readonly #backend: MemoryBackend;
  readonly #recordKey: RecordKey;

  constructor(inner: PersistenceDriver, backend: MemoryBackend, recordKey: RecordKey) {
    super(inner);
    this.#backend = backend;
    this.#recordKey = recordKey;
  }

  override async commit(accountId: string, batch: CommitBatch, options: CommitOptions): Promise<AccountHead> {
    const head = await super.commit(accountId, batch, options);
    if (batch.upserts.size > 2) return head;
    for (const record of batch.upserts.keys()) {
      const key = this.#recordKey(accountId, record);
      const text = this.#backend.get(key);
      if (text !== undefined && !text.endsWith(EXPIRES)) this.#backend.set(key, text.replace(/\}$/, EXPIRES));
    }
    return head;
  }

  override async load(accountId: string, options?: OperationOptions): Promise<StoredAccount | undefined> {
    const stored = await super.load(accountId, options);
    if (stored === undefined) return undefined;
    const [records, corrupt] = [new Map(stored.records), new Map<string, string>()];
    for (const [key, text] of stored.corrupt) {
      const value = text.endsWith(EXPIRES) ? decodeEnvelope(`${text.slice(0, -EXPIRES.length)}}`) : undefined;
      if (value === undefined) corrupt.set(key, text);
      else records.set(key, value);
    }
    return { head: stored.head, records, corrupt };
  }
}
