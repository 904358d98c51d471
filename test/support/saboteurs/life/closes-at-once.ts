import { setMaxListeners } from 'node:events';
import { AccountKeeperError } from '../../../../src/core/errors.js';
import type {
  AccountHead,
  CommitBatch,
  CommitOptions,
  OperationOptions,
  PersistenceDriver,
} from '../../../../src/core/persistence-driver.js';
import { WrappedDriver } from '../wrapped-driver.js';

/** Closes without waiting for the commits that are under way. */
export class ClosesAtOnce extends WrappedDriver {
  readonly #controller = new AbortController();

  constructor(inner: PersistenceDriver) {
    super(inner);
    setMaxListeners(0, this.#controller.signal);
  }

  override async commit(accountId: string, batch: CommitBatch, options: CommitOptions): Promise<AccountHead> {
    const commit = super.commit(accountId, batch, options);
    const closed = new Promise<never>((_resolve, reject) => {
      const { signal } = this.#controller;
      const fail = (): void => reject(new AccountKeeperError('CLOSED', 'closed', { outcome: 'unknown' }));
      if (!signal.aborted) signal.addEventListener('abort', fail, { once: true });
    });
    return Promise.race([commit, closed]);
  }

  override async close(options?: OperationOptions): Promise<void> {
    this.#controller.abort();
    await super.close(options);
  }
}
