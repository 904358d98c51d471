import type { AccountHead, CommitBatch, CommitOptions } from '../../../../src/core/persistence-driver.js';
import { copyOf } from '../copy-of.js';
import { hasCode } from '../errors.js';
import { WrappedDriver } from '../wrapped-driver.js';

/** Sends the commits that are called together in the wrong order, each on top of what is stored then. */
export class LastInFirstOut extends WrappedDriver {
  #stack: ((alone: boolean) => Promise<void>)[] = [];

  override commit(accountId: string, batch: CommitBatch, options: CommitOptions): Promise<AccountHead> {
    const copy = copyOf(batch);
    return new Promise((resolve, reject) => {
      this.#stack.push(async (alone) => {
        const commit = alone ? super.commit(accountId, copy, options) : this.#onTop(accountId, copy, options);
        await commit.then(resolve, reject);
      });
      if (this.#stack.length === 1) queueMicrotask(() => void this.#flush());
    });
  }

  async #flush(): Promise<void> {
    const calls = this.#stack.reverse();
    this.#stack = [];
    for (const call of calls) await call(calls.length === 1);
  }

  /** Commits that follow each other expect heads that are not there yet. */
  async #onTop(accountId: string, batch: CommitBatch, options: CommitOptions): Promise<AccountHead> {
    try {
      return await super.commit(accountId, batch, options);
    } catch (error) {
      const stored = hasCode(error, 'ROLLED_BACK') ? await this.inner.head(accountId) : undefined;
      if (stored?.writerId !== options.writerId) throw error;
      const expected = { revision: stored.revision, writeId: stored.writeId };
      return super.commit(accountId, batch, { ...options, expected });
    }
  }
}
