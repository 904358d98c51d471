import { AccountKeeperError } from '../../../../src/core/errors.js';
import type {
  AccountHead,
  CommitBatch,
  CommitOptions,
  OperationOptions,
  StoredAccount,
} from '../../../../src/core/persistence-driver.js';
import { copyOf } from '../copy-of.js';
import { hasCode } from '../errors.js';
import { WrappedDriver } from '../wrapped-driver.js';

/** Reports an attempt that failed as not applied, and makes it once more with the next read. */
export class ReplaysFailures extends WrappedDriver {
  readonly #failed: (() => Promise<AccountHead>)[] = [];

  override async commit(accountId: string, batch: CommitBatch, options: CommitOptions): Promise<AccountHead> {
    const copy = copyOf(batch);
    try {
      return await super.commit(accountId, copy, options);
    } catch (error) {
      if (!hasCode(error, 'UNAVAILABLE')) throw error;
      this.#failed.push(() => super.commit(accountId, copy, options));
      throw new AccountKeeperError('UNAVAILABLE', 'the backend cannot be reached', { cause: error });
    }
  }

  override async load(accountId: string, options?: OperationOptions): Promise<StoredAccount | undefined> {
    const stored = await super.load(accountId, options);
    await Promise.allSettled(this.#failed.splice(0).map((replay) => replay()));
    return stored;
  }
}
