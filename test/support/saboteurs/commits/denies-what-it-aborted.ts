import { AccountKeeperError } from '../../../../src/core/errors.js';
import type { AccountHead, CommitBatch, CommitOptions } from '../../../../src/core/persistence-driver.js';
import { hasCode } from '../errors.js';
import { WrappedDriver } from '../wrapped-driver.js';

/** Says of a commit that was aborted on its way that it was not applied. */
export class DeniesWhatItAborted extends WrappedDriver {
  override async commit(accountId: string, batch: CommitBatch, options: CommitOptions): Promise<AccountHead> {
    try {
      return await super.commit(accountId, batch, options);
    } catch (error) {
      if (!hasCode(error, 'ABORTED')) throw error;
      throw new AccountKeeperError('ABORTED', 'the commit was aborted', { outcome: 'not-applied', cause: error });
    }
  }
}
