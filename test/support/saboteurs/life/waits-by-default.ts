import type {
  AccountHead,
  LoadOptions,
  OperationOptions,
  StoredAccount,
} from '../../../../src/core/persistence-driver.js';
import { WrappedDriver } from '../wrapped-driver.js';

/** Waits for ever where the caller names no deadline. */
export class WaitsByDefault extends WrappedDriver {
  override head(accountId: string, options?: OperationOptions): Promise<AccountHead | undefined> {
    return super.head(accountId, { timeoutMs: 2 ** 31 - 1, ...options });
  }

  override load(accountId: string, options?: LoadOptions): Promise<StoredAccount | undefined> {
    return super.load(accountId, { timeoutMs: 2 ** 31 - 1, ...options });
  }
}
