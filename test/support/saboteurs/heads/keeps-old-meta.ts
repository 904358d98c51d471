import type { AccountHead, CommitBatch, CommitOptions } from '../../../../src/core/persistence-driver.js';
import { copyOf } from '../copy-of.js';
import { hasCode } from '../errors.js';
import { WrappedDriver } from '../wrapped-driver.js';

/** Takes an empty meta for none, and keeps the one that is stored. */
export class KeepsOldMeta extends WrappedDriver {
  override async commit(accountId: string, batch: CommitBatch, options: CommitOptions): Promise<AccountHead> {
    const copy = copyOf(batch);
    return super.commit(accountId, copy, await this.#withMeta(accountId, options));
  }

  async #withMeta(accountId: string, options: CommitOptions): Promise<CommitOptions> {
    if ((options.meta ?? '') !== '' || options.expected === undefined || options.signal?.aborted) return options;
    try {
      const stored = await this.inner.head(accountId);
      return stored?.writeId === options.expected.writeId ? { ...options, meta: stored.meta } : options;
    } catch (error) {
      if (hasCode(error, 'CLOSED', 'CORRUPT', 'ROLLED_BACK', 'UNAVAILABLE')) return options;
      throw error;
    }
  }
}
