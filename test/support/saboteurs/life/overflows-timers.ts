import { AccountKeeperError } from '../../../../src/core/errors.js';
import type { LoadOptions, StoredAccount } from '../../../../src/core/persistence-driver.js';
import { WrappedDriver } from '../wrapped-driver.js';

/** Hands the deadline to a timer, which ends at once when it is longer than 2^31 - 1 milliseconds. */
export class OverflowsTimers extends WrappedDriver {
  override async load(accountId: string, options: LoadOptions = {}): Promise<StoredAccount | undefined> {
    const { timeoutMs = 0 } = options;
    if (timeoutMs < 2 ** 31) return super.load(accountId, options);
    throw new AccountKeeperError('TIMEOUT', `load did not finish within ${timeoutMs} ms`);
  }
}
