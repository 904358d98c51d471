import { AccountKeeperError, isAccountKeeperError } from '../../../../src/core/errors.js';
import type { AccountHead, CommitBatch, CommitOptions } from '../../../../src/core/persistence-driver.js';
import { WrappedDriver } from '../wrapped-driver.js';

/** Does not get over the loss of its connection. */
export class NeverReconnects extends WrappedDriver {
  #lost = false;

  override async commit(accountId: string, batch: CommitBatch, options: CommitOptions): Promise<AccountHead> {
    if (this.#lost) throw new AccountKeeperError('UNAVAILABLE', 'not connected', { retryable: false });
    try {
      return await super.commit(accountId, batch, options);
    } catch (error) {
      this.#lost = isAccountKeeperError(error) && /stopped/.test(error.message);
      throw error;
    }
  }
}
