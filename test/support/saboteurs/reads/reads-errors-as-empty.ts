import type { AccountHead, OperationOptions, StoredAccount } from '../../../../src/core/persistence-driver.js';
import { hasCode } from '../errors.js';
import { WrappedDriver } from '../wrapped-driver.js';

/** Swallows read errors: a backend that fails looks like an empty one. */
export class ReadsErrorsAsEmpty extends WrappedDriver {
  override head(accountId: string, options?: OperationOptions): Promise<AccountHead | undefined> {
    return orUndefined(super.head(accountId, options));
  }

  override load(accountId: string, options?: OperationOptions): Promise<StoredAccount | undefined> {
    return orUndefined(super.load(accountId, options));
  }
}

async function orUndefined<T>(read: Promise<T>): Promise<T | undefined> {
  try {
    return await read;
  } catch (error) {
    if (hasCode(error, 'UNAVAILABLE')) return undefined;
    throw error;
  }
}
