import type {
  AccountHead,
  CommitBatch,
  CommitOptions,
  OperationOptions,
  StoredAccount,
} from '../../../../src/core/persistence-driver.js';
import { WrappedDriver } from '../wrapped-driver.js';

/** Keeps what it loaded, and hands the same maps out again while the head is the same. */
export class SharesItsMaps extends WrappedDriver {
  readonly #loaded = new Map<string, StoredAccount>();

  override async load(accountId: string, options?: OperationOptions): Promise<StoredAccount | undefined> {
    const now = await super.load(accountId, options);
    const before = this.#loaded.get(accountId);
    if (now !== undefined && now.corrupt.size === 0 && before?.head.writeId === now.head.writeId) return before;
    if (now !== undefined) this.#loaded.set(accountId, now);
    return now;
  }

  /** Reads the batch a moment after the call. */
  override async commit(accountId: string, batch: CommitBatch, options: CommitOptions): Promise<AccountHead> {
    await Promise.resolve();
    return super.commit(accountId, batch, options);
  }
}
