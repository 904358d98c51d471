import type {
  AccountHead,
  CommitBatch,
  CommitOptions,
  OperationOptions,
} from '../../../../src/core/persistence-driver.js';
import { WrappedDriver } from '../wrapped-driver.js';

/** Tells of the changes that it makes itself, and of no others. */
export class HearsItselfAlone extends WrappedDriver {
  readonly #listeners = new Map<() => void, string>();

  watch(accountId: string, listener: () => void): () => void {
    const call = (): void => listener();
    this.#listeners.set(call, accountId);
    return () => void this.#listeners.delete(call);
  }

  override async commit(accountId: string, batch: CommitBatch, options: CommitOptions): Promise<AccountHead> {
    return this.#told(accountId, await super.commit(accountId, batch, options));
  }

  override async drop(accountId: string, options: CommitOptions): Promise<AccountHead> {
    return this.#told(accountId, await super.drop(accountId, options));
  }

  override async close(options?: OperationOptions): Promise<void> {
    this.#listeners.clear();
    await super.close(options);
  }

  #told(accountId: string, head: AccountHead): AccountHead {
    for (const [call, of] of this.#listeners) if (of === accountId) call();
    return head;
  }
}
