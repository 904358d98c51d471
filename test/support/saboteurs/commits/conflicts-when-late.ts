import { AccountKeeperError } from '../../../../src/core/errors.js';
import type { AccountHead, CommitBatch, CommitOptions } from '../../../../src/core/persistence-driver.js';
import { hasCode } from '../errors.js';
import { WrappedDriver } from '../wrapped-driver.js';

/** Takes the answer that did not come for "nothing was updated". */
export class ConflictsWhenLate extends WrappedDriver {
  override async commit(accountId: string, batch: CommitBatch, options: CommitOptions): Promise<AccountHead> {
    try {
      return await super.commit(accountId, batch, options);
    } catch (error) {
      if (!hasCode(error, 'TIMEOUT')) throw error;
      throw new AccountKeeperError('CONFLICT', 'nothing was updated', { outcome: 'unknown', cause: error });
    }
  }
}
