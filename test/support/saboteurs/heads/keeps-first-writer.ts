import type { AccountHead, CommitBatch, CommitOptions } from '../../../../src/core/persistence-driver.js';
import { WrappedDriver } from '../wrapped-driver.js';

/** Who wrote each account first, whichever driver it was. */
const FIRST_WRITERS = new Map<string, string>();

/** Keeps the id of the writer that wrote the account first. */
export class KeepsFirstWriter extends WrappedDriver {
  override commit(accountId: string, batch: CommitBatch, options: CommitOptions): Promise<AccountHead> {
    return super.commit(accountId, batch, withFirstWriter(accountId, options));
  }

  override drop(accountId: string, options: CommitOptions): Promise<AccountHead> {
    return super.drop(accountId, withFirstWriter(accountId, options));
  }
}

function withFirstWriter(accountId: string, options: CommitOptions): CommitOptions {
  const writerId = FIRST_WRITERS.get(accountId) ?? options.writerId;
  FIRST_WRITERS.set(accountId, writerId);
  return { ...options, writerId };
}
