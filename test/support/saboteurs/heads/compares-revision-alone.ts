import type { AccountHead, CommitBatch, CommitOptions } from '../../../../src/core/persistence-driver.js';
import { copyOf } from '../copy-of.js';
import { WrappedDriver } from '../wrapped-driver.js';

/** Takes any head of the expected revision for the expected one. */
export class ComparesRevisionAlone extends WrappedDriver {
  override async commit(accountId: string, batch: CommitBatch, options: CommitOptions): Promise<AccountHead> {
    const copy = copyOf(batch);
    return super.commit(accountId, copy, await this.#rewritten(accountId, options));
  }

  override async drop(accountId: string, options: CommitOptions): Promise<AccountHead> {
    return super.drop(accountId, await this.#rewritten(accountId, options));
  }

  async #rewritten(accountId: string, options: CommitOptions): Promise<CommitOptions> {
    const { expected } = options;
    if (expected === undefined || options.signal?.aborted) return options;
    const stored = await this.inner.head(accountId);
    if (stored?.revision !== expected.revision || stored.writeId === options.writeId) return options;
    return { ...options, expected: { revision: expected.revision, writeId: stored.writeId } };
  }
}
