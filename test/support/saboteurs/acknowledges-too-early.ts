import type {
  AccountHead,
  CommitBatch,
  CommitOptions,
  OperationOptions,
} from '../../../src/core/persistence-driver.js';
import { WrappedDriver } from './wrapped-driver.js';

/** Acknowledges an empty batch at once, and writes it a little later. */
export class AcknowledgesTooEarly extends WrappedDriver {
  readonly #late = new Set<Promise<unknown>>();

  override async commit(accountId: string, batch: CommitBatch, options: CommitOptions): Promise<AccountHead> {
    if (batch.upserts.size > 0 || batch.deletes.size > 0 || options.expected === undefined) {
      return super.commit(accountId, batch, options);
    }
    const stored = await this.inner.head(accountId, options);
    const { expected, writerId, writeId, meta = '', revisionFloor = 0 } = options;
    if (stored?.revision !== expected.revision || stored.writeId !== expected.writeId) {
      return super.commit(accountId, batch, options);
    }
    const late = new Promise((resolve) => setImmediate(resolve))
      .then(() => super.commit(accountId, batch, options))
      .catch(() => undefined);
    this.#late.add(late);
    return { revision: Math.max(stored.revision, revisionFloor) + 1, writerId, writeId, meta, dropped: false };
  }

  override async close(options?: OperationOptions): Promise<void> {
    await Promise.all(this.#late);
    await super.close(options);
  }
}
