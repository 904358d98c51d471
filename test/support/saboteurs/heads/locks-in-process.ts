import { isAccountKeeperError } from '../../../../src/core/errors.js';
import type {
  AccountHead,
  CommitBatch,
  CommitOptions,
  OperationOptions,
} from '../../../../src/core/persistence-driver.js';
import { SqliteDriver } from '../../../../src/drivers/sqlite/driver.js';
import { copyOf } from '../copy-of.js';

/** The writers of this process, from each of which a lock of this process would protect the others. */
const WRITERS = new Set<string>();

const CHECK_TIMEOUT_MS = 2000;

/**
 * Checks the condition before it begins to write, as if behind a lock of this process: what another process writes in
 * between is written over.
 */
export class LocksInProcess extends SqliteDriver {
  readonly #inFlight = new Set<Promise<unknown>>();

  override commit(accountId: string, batch: CommitBatch, options: CommitOptions): Promise<AccountHead> {
    WRITERS.add(options.writerId);
    if (options.signal !== undefined || options.timeoutMs !== undefined) return super.commit(accountId, batch, options);
    const commit = this.#checked(accountId, copyOf(batch), options);
    const settled = commit.catch(() => undefined);
    this.#inFlight.add(settled);
    void settled.then(() => this.#inFlight.delete(settled));
    return commit;
  }

  override async close(options?: OperationOptions): Promise<void> {
    if (options?.timeoutMs === undefined) await Promise.all(this.#inFlight);
    await super.close(options);
  }

  async #checked(accountId: string, batch: CommitBatch, options: CommitOptions): Promise<AccountHead> {
    const { revision = 0, writeId = '' } = options.expected ?? {};
    const stored = await super.head(accountId, { timeoutMs: CHECK_TIMEOUT_MS }).catch(() => 'unknown' as const);
    const isExpected =
      stored !== 'unknown' && (stored?.revision ?? 0) === revision && (stored?.writeId ?? '') === writeId;
    if (!isExpected) return super.commit(accountId, batch, options);
    for (let { expected } = options; ; ) {
      try {
        return await super.commit(accountId, batch, { ...options, expected });
      } catch (error) {
        const isConflict = isAccountKeeperError(error) && error.code === 'CONFLICT';
        if (!isConflict || error.head === undefined || WRITERS.has(error.head.writerId)) throw error;
        expected = error.head;
      }
    }
  }
}
