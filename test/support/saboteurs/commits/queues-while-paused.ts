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

/** As long as this, nothing but a backend that does not answer takes. */
const LONG_MS = 20;

interface Queued {
  readonly accountId: string;
  readonly batch: CommitBatch;
  readonly options: CommitOptions;
}

/** Keeps what timed out on a backend that did not answer, and sends it later, on top of what somebody else has written meanwhile. */
export class QueuesWhilePaused extends WrappedDriver {
  readonly #queue: Queued[] = [];

  override async commit(accountId: string, batch: CommitBatch, options: CommitOptions): Promise<AccountHead> {
    const copy = copyOf(batch);
    try {
      return await super.commit(accountId, batch, options);
    } catch (error) {
      const isLong = (options.timeoutMs ?? 0) >= LONG_MS;
      if (isLong && hasCode(error, 'TIMEOUT')) this.#queue.push({ accountId, batch: copy, options });
      throw error;
    }
  }

  override async load(accountId: string, more?: OperationOptions): Promise<StoredAccount | undefined> {
    const stored = await super.load(accountId, more);
    const index = this.#queue.findIndex((queued) => queued.accountId === accountId);
    const queued = this.#queue[index];
    // It waits until somebody else has written, to land on top of that.
    if (stored === undefined || queued === undefined || stored.head.writerId === queued.options.writerId) return stored;
    this.#queue.splice(index, 1);
    const { revision, writeId } = stored.head;
    const { writerId, writeId: late } = queued.options;
    const options = { expected: { revision, writeId }, writerId, writeId: `${late}-queued` };
    await super.commit(accountId, queued.batch, options);
    return stored;
  }
}
