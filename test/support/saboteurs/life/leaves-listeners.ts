import type { AccountHead, CommitBatch, CommitOptions } from '../../../../src/core/persistence-driver.js';
import { WrappedDriver } from '../wrapped-driver.js';

/** Listens to the caller's signal, and goes on listening when the commit has settled. */
export class LeavesListeners extends WrappedDriver {
  override commit(accountId: string, batch: CommitBatch, options: CommitOptions): Promise<AccountHead> {
    options.signal?.addEventListener('abort', () => undefined);
    return super.commit(accountId, batch, options);
  }
}
