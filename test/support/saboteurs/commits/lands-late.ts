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

/** Keeps what it reported as aborted or timed out in a queue, and sends it later, on top of whatever is stored then. */
export class LandsLate extends WrappedDriver {
  readonly #queue: { readonly accountId: string; readonly batch: CommitBatch; readonly options: CommitOptions }[] = [];
  #reads = 0;

  override async commit(accountId: string, batch: CommitBatch, options: CommitOptions): Promise<AccountHead> {
    const copy = copyOf(batch);
    const beforehand = options.signal?.aborted === true;
    try {
      return await super.commit(accountId, batch, options);
    } catch (error) {
      if (!beforehand && hasCode(error, 'ABORTED', 'TIMEOUT')) this.#queue.push({ accountId, batch: copy, options });
      throw error;
    }
  }

  override async load(accountId: string, options?: OperationOptions): Promise<StoredAccount | undefined> {
    this.#reads += 1;
    if (this.#reads % 5 === 0) await this.#drain();
    return super.load(accountId, options);
  }

  async #drain(): Promise<void> {
    for (const { accountId, batch, options } of this.#queue.splice(0)) {
      const stored = await this.inner.head(accountId);
      const expected = stored && { revision: stored.revision, writeId: stored.writeId };
      const { writerId, writeId } = options;
      await super.commit(accountId, batch, { expected, writerId, writeId });
    }
  }
}
