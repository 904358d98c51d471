import { AccountKeeperError, isAccountKeeperError } from '../../../../src/core/errors.js';
import type {
  AccountHead,
  CommitBatch,
  CommitOptions,
  OperationOptions,
} from '../../../../src/core/persistence-driver.js';
import { copyOf } from '../copy-of.js';
import { WrappedDriver } from '../wrapped-driver.js';

const LATER_MS = 150;

/** Reports a commit that failed as not applied, and makes it once more a while later. */
export class RepeatsBehindTheBack extends WrappedDriver {
  readonly #timers = new Set<NodeJS.Timeout>();

  override async commit(accountId: string, batch: CommitBatch, options: CommitOptions): Promise<AccountHead> {
    const copy = copyOf(batch);
    try {
      return await super.commit(accountId, copy, options);
    } catch (error) {
      const { cause } = isAccountKeeperError(error) ? error : { cause: undefined };
      if (!(cause instanceof Error && /fails before/.test(cause.message))) throw error;
      const again = (): void => void super.commit(accountId, copy, options).catch(() => undefined);
      this.#timers.add(setTimeout(again, LATER_MS));
      throw new AccountKeeperError('UNAVAILABLE', 'the backend cannot be reached', { cause: error });
    }
  }

  override close(options?: OperationOptions): Promise<void> {
    for (const timer of this.#timers) clearTimeout(timer);
    return super.close(options);
  }
}
