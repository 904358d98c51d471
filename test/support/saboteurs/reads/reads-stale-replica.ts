import type {
  AccountHead,
  CommitBatch,
  CommitOptions,
  OperationOptions,
  StoredAccount,
} from '../../../../src/core/persistence-driver.js';
import { WrappedDriver } from '../wrapped-driver.js';

/** Reads a replica that lags behind: what others wrote shows one read late. */
export class ReadsStaleReplica extends WrappedDriver {
  readonly #replica = new Map<string, StoredAccount>();
  readonly #own = new Set<string>();

  override async load(accountId: string, options?: OperationOptions): Promise<StoredAccount | undefined> {
    const now = await super.load(accountId, options);
    const before = this.#replica.get(accountId);
    if (now === undefined) return undefined;
    this.#replica.set(accountId, now);
    const lags = before?.head.revision === now.head.revision - 1 && !this.#own.has(now.head.writeId);
    return lags ? before : now;
  }

  override async commit(accountId: string, batch: CommitBatch, options: CommitOptions): Promise<AccountHead> {
    const head = await super.commit(accountId, batch, options);
    this.#own.add(head.writeId);
    return head;
  }
}
