import type { OperationOptions, StoredAccount } from '../../../../src/core/persistence-driver.js';
import { hasCode } from '../errors.js';
import { WrappedDriver } from '../wrapped-driver.js';

/** Takes the answer that did not come for an account that is not there. */
export class ReadsSilenceAsEmpty extends WrappedDriver {
  override async load(accountId: string, options?: OperationOptions): Promise<StoredAccount | undefined> {
    try {
      return await super.load(accountId, options);
    } catch (error) {
      if (hasCode(error, 'TIMEOUT')) return undefined;
      throw error;
    }
  }
}
