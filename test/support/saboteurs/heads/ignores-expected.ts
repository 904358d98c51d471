import type { AccountHead, CommitBatch, CommitOptions } from '../../../../src/core/persistence-driver.js';
import { copyOf } from '../copy-of.js';
import { hasCode } from '../errors.js';
import { WrappedDriver } from '../wrapped-driver.js';

/** Writes on top of whatever head is stored. */
export class IgnoresExpected extends WrappedDriver {
  override async commit(accountId: string, batch: CommitBatch, options: CommitOptions): Promise<AccountHead> {
    const copy = copyOf(batch);
    for (;;) {
      const stored = await this.inner.head(accountId, options);
      const expected = stored && { revision: stored.revision, writeId: stored.writeId };
      try {
        return await super.commit(accountId, copy, { ...options, expected });
      } catch (error) {
        if (!hasCode(error, 'CONFLICT')) throw error;
      }
    }
  }
}
