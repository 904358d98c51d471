import { isAccountKeeperError } from '../../../../src/core/errors.js';
import type { AccountHead, CommitBatch, CommitOptions } from '../../../../src/core/persistence-driver.js';
import { hasCode } from '../errors.js';
import { WrappedDriver } from '../wrapped-driver.js';

/** Acknowledges commits that the backend has failed. */
export class AcknowledgesWithoutWriting extends WrappedDriver {
  override async commit(accountId: string, batch: CommitBatch, options: CommitOptions): Promise<AccountHead> {
    try {
      return await super.commit(accountId, batch, options);
    } catch (error) {
      if (!isAccountKeeperError(error) || !hasCode(error, 'UNAVAILABLE')) throw error;
      const { expected, writerId, writeId, meta = '', revisionFloor = 0 } = options;
      const revision = Math.max(expected?.revision ?? 0, revisionFloor) + 1;
      return { revision, writerId, writeId, meta, dropped: false };
    }
  }
}
