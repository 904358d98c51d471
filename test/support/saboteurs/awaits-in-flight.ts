import type {
  AccountHead,
  CommitBatch,
  CommitOptions,
  OperationOptions,
} from '../../../src/core/persistence-driver.js';
import { WrappedDriver } from './wrapped-driver.js';

/** No saboteur: closes a driver after its commits have settled, so that what is broken is the rest of it. */
export class AwaitsInFlight extends WrappedDriver {
  readonly #inFlight = new Set<Promise<unknown>>();

  override async commit(accountId: string, batch: CommitBatch, options: CommitOptions): Promise<AccountHead> {
    const commit = super.commit(accountId, batch, options);
    this.#inFlight.add(commit);
    try {
      return await commit;
    } finally {
      this.#inFlight.delete(commit);
    }
  }

  override async close(options?: OperationOptions): Promise<void> {
    await Promise.allSettled(this.#inFlight);
    await super.close(options);
  }
}
