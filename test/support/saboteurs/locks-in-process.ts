import type {
  AccountHead,
  CommitBatch,
  CommitOptions,
  OperationOptions,
} from '../../../src/core/persistence-driver.js';
import { SqliteDriver } from '../../../src/drivers/sqlite-driver.js';
import { copyOf } from './copy-of.js';
import { hasCode } from './errors.js';

/** What is under way of each account, in this process. */
const LOCKS = new Map<string, Promise<unknown>>();

/** Checks the condition before it begins to write, behind a lock that other processes know nothing of. */
export class LocksInProcess extends SqliteDriver {
  readonly #inFlight = new Set<Promise<unknown>>();

  override commit(accountId: string, batch: CommitBatch, options: CommitOptions): Promise<AccountHead> {
    // The lock is where the fault is. What may be given up does not wait for it.
    if (options.signal !== undefined || options.timeoutMs !== undefined) return super.commit(accountId, batch, options);
    const copy = copyOf(batch);
    const before = LOCKS.get(accountId);
    const commit = (before ?? Promise.resolve()).then(() => this.#locked(accountId, copy, options));
    const settled = commit.catch(() => undefined);
    LOCKS.set(accountId, settled);
    this.#inFlight.add(settled);
    settled.then(() => this.#inFlight.delete(settled));
    return commit;
  }

  override async close(options?: OperationOptions): Promise<void> {
    if (options?.timeoutMs === undefined) await Promise.all(this.#inFlight);
    await super.close(options);
  }

  async #locked(accountId: string, batch: CommitBatch, options: CommitOptions): Promise<AccountHead> {
    const { revision = 0, writeId = '' } = options.expected ?? {};
    const stored = await super.head(accountId).catch(() => 'unknown' as const);
    const isExpected =
      stored !== 'unknown' && (stored?.revision ?? 0) === revision && (stored?.writeId ?? '') === writeId;
    if (!isExpected) return super.commit(accountId, batch, options);
    for (let expected = options.expected; ; expected = await super.head(accountId)) {
      try {
        return await super.commit(accountId, batch, { ...options, expected });
      } catch (error) {
        if (!hasCode(error, 'CONFLICT')) throw error;
      }
    }
  }
}
