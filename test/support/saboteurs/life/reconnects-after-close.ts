import type { AccountHead, OperationOptions, PersistenceDriver } from '../../../../src/core/persistence-driver.js';
import { hasCode } from '../errors.js';
import { WrappedDriver } from '../wrapped-driver.js';

/** Reads through a new connection once it was closed. */
export class ReconnectsAfterClose extends WrappedDriver {
  readonly #makeInner: () => PersistenceDriver;

  constructor(makeInner: () => PersistenceDriver) {
    super(makeInner());
    this.#makeInner = makeInner;
  }

  override async head(accountId: string, options?: OperationOptions): Promise<AccountHead | undefined> {
    try {
      return await super.head(accountId, options);
    } catch (error) {
      if (hasCode(error, 'CLOSED')) return this.#makeInner().head(accountId, options);
      throw error;
    }
  }
}
