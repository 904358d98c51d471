import type { AccountHead, CommitBatch, CommitOptions } from '../../../src/core/persistence-driver.js';
import { hasCode } from './errors.js';
import { WrappedDriver } from './wrapped-driver.js';

/** Sends the commits that are called together in the wrong order, each on top of what is stored then. */
export class LastInFirstOut extends WrappedDriver {
  #stack: (() => Promise<void>)[] = [];

  override commit(accountId: string, batch: CommitBatch, options: CommitOptions): Promise<AccountHead> {
    const copy = { upserts: new Map(batch?.upserts), deletes: new Set(batch?.deletes) };
    return new Promise((resolve, reject) => {
      this.#stack.push(() => this.#apply(accountId, copy, options).then(resolve, reject));
      if (this.#stack.length === 1) queueMicrotask(() => void this.#flush());
    });
  }

  async #flush(): Promise<void> {
    const calls = this.#stack.reverse();
    this.#stack = [];
    for (const call of calls) await call();
  }

  /** A chain of commits expects heads that are not there yet. */
  async #apply(accountId: string, batch: CommitBatch, options: CommitOptions): Promise<AccountHead> {
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
