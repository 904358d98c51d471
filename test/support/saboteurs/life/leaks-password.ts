import { AccountKeeperError } from '../../../../src/core/errors.js';
import type { OperationOptions, StoredAccount } from '../../../../src/core/persistence-driver.js';
import { hasCode } from '../errors.js';
import { WrappedDriver } from '../wrapped-driver.js';

/** The password in the URL of {@link LeaksPassword}. */
export const PASSWORD = 'correct-horse-battery';

/** Names the backend's URL in its errors, password included. */
export class LeaksPassword extends WrappedDriver {
  override async load(accountId: string, options?: OperationOptions): Promise<StoredAccount | undefined> {
    try {
      return await super.load(accountId, options);
    } catch (error) {
      if (!hasCode(error, 'UNAVAILABLE')) throw error;
      const cause = new Error(`connect failed: memory://user:${PASSWORD}@host/db`, { cause: error });
      throw new AccountKeeperError('UNAVAILABLE', 'the backend cannot be reached', { cause });
    }
  }
}
