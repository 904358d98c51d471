import { AccountKeeperError } from '../../../../src/core/errors.js';
import type { AccountHead, CommitBatch, CommitOptions } from '../../../../src/core/persistence-driver.js';
import { WrappedDriver } from '../wrapped-driver.js';

/** As long as this, nothing but a backend that does not answer takes. */
const SHORT_MS = 20;

/** Says of a commit whose answer came too late that it was not applied. */
export class DeniesWhatWasLate extends WrappedDriver {
  override async commit(accountId: string, batch: CommitBatch, options: CommitOptions): Promise<AccountHead> {
    const head = await super.commit(accountId, batch, options);
    const { timeoutMs = SHORT_MS } = options;
    if (timeoutMs >= SHORT_MS) return head;
    throw new AccountKeeperError('TIMEOUT', `no answer within ${timeoutMs} ms`, { outcome: 'not-applied' });
  }
}
