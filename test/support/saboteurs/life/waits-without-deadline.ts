import type { AccountHead, OperationOptions, StoredAccount } from '../../../../src/core/persistence-driver.js';
import { WrappedDriver } from '../wrapped-driver.js';

/** Reads without a deadline: a backend that does not answer holds them up for as long as that lasts. */
export class WaitsWithoutDeadline extends WrappedDriver {
  override head(accountId: string, options: OperationOptions = {}): Promise<AccountHead | undefined> {
    return super.head(accountId, withoutDeadline(options));
  }

  override load(accountId: string, options: OperationOptions = {}): Promise<StoredAccount | undefined> {
    return super.load(accountId, withoutDeadline(options));
  }
}

function withoutDeadline({ timeoutMs: _ignored, ...options }: OperationOptions): OperationOptions {
  return { ...options, timeoutMs: 60_000 };
}
