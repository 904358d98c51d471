import type {
  AccountHead,
  CommitBatch,
  CommitOptions,
  OperationOptions,
  StoredAccount,
} from '../../../../src/core/persistence-driver.js';
import { WrappedDriver } from '../wrapped-driver.js';

/** Keeps accounts whose ids differ in case only under one key, as a case-insensitive collation does. */
export class IgnoresCase extends WrappedDriver {
  override head(accountId: string, options?: OperationOptions): Promise<AccountHead | undefined> {
    return super.head(lower(accountId), options);
  }

  override load(accountId: string, options?: OperationOptions): Promise<StoredAccount | undefined> {
    return super.load(lower(accountId), options);
  }

  override commit(accountId: string, batch: CommitBatch, options: CommitOptions): Promise<AccountHead> {
    return super.commit(lower(accountId), batch, options);
  }

  override drop(accountId: string, options: CommitOptions): Promise<AccountHead> {
    return super.drop(lower(accountId), options);
  }
}

function lower(accountId: string): string {
  return typeof accountId === 'string' ? accountId.toLowerCase() : accountId;
}
