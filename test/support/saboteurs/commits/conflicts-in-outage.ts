import { AccountKeeperError } from '../../../../src/core/errors.js';
import type { AccountHead, CommitBatch, CommitOptions } from '../../../../src/core/persistence-driver.js';
import { hasCode } from '../errors.js';
import { WrappedDriver } from '../wrapped-driver.js';

/** Takes "nothing was updated" for a conflict, whatever the reason. */
export class ConflictsInOutage extends WrappedDriver {
  override async commit(accountId: string, batch: CommitBatch, options: CommitOptions): Promise<AccountHead> {
    try {
      return await super.commit(accountId, batch, options);
    } catch (error) {
      if (!hasCode(error, 'UNAVAILABLE')) throw error;
      throw new AccountKeeperError('CONFLICT', 'nothing was updated', { outcome: 'unknown', cause: error });
    }
  }
}
