import type { AccountHead, OperationOptions } from '../../../../src/core/persistence-driver.js';
import { WrappedDriver } from '../wrapped-driver.js';

/** Makes a signal of the deadline, which has to be a whole number for that. */
export class RefusesFractions extends WrappedDriver {
  override async head(accountId: string, options: OperationOptions = {}): Promise<AccountHead | undefined> {
    const { timeoutMs } = options;
    if (timeoutMs !== undefined && !Number.isInteger(timeoutMs)) AbortSignal.timeout(timeoutMs);
    return super.head(accountId, options);
  }
}
