import type {
  AccountHead,
  CommitBatch,
  CommitOptions,
  OperationOptions,
} from '../../../src/core/persistence-driver.js';
import { copyOf } from './copy-of.js';
import { WrappedDriver } from './wrapped-driver.js';

/** Acknowledges a commit that the head allows at once, and writes it a little later. */
export class AcknowledgesTooEarly extends WrappedDriver {
  readonly #late = new Set<Promise<unknown>>();

  override async commit(accountId: string, batch: CommitBatch, options: CommitOptions): Promise<AccountHead> {
    const { expected, writerId, writeId, meta = '', revisionFloor = 0 } = options;
    const copy = copyOf(batch);
    await this.#written();
    const stored = await this.inner.head(accountId, options);
    if (expected === undefined || stored?.revision !== expected.revision || stored.writeId !== expected.writeId) {
      return super.commit(accountId, copy, options);
    }
    const late = new Promise((resolve) => setImmediate(resolve)).then(() => super.commit(accountId, copy, options));
    this.#late.add(late.catch(() => undefined));
    return { revision: Math.max(stored.revision, revisionFloor) + 1, writerId, writeId, meta, dropped: false };
  }

  override async drop(accountId: string, options: CommitOptions): Promise<AccountHead> {
    await this.#written();
    return super.drop(accountId, options);
  }

  override async close(options?: OperationOptions): Promise<void> {
    await this.#written();
    await super.close(options);
  }

  async #written(): Promise<void> {
    await Promise.all(this.#late);
    this.#late.clear();
  }
}
