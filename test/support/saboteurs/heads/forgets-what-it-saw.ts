import type {
  AccountHead,
  OperationOptions,
  PersistenceDriver,
  StoredAccount,
} from '../../../../src/core/persistence-driver.js';
import { hasCode } from '../errors.js';
import { WrappedDriver } from '../wrapped-driver.js';

/** Reads what is stored without comparing it with what it saw acknowledged. */
export class ForgetsWhatItSaw extends WrappedDriver {
  readonly #makeInner: () => PersistenceDriver;

  constructor(makeInner: () => PersistenceDriver) {
    super(makeInner());
    this.#makeInner = makeInner;
  }

  override head(accountId: string, options?: OperationOptions): Promise<AccountHead | undefined> {
    return this.#withoutMemory(super.head(accountId, options), (fresh) => fresh.head(accountId, options));
  }

  override load(accountId: string, options?: OperationOptions): Promise<StoredAccount | undefined> {
    return this.#withoutMemory(super.load(accountId, options), (fresh) => fresh.load(accountId, options));
  }

  async #withoutMemory<T>(read: Promise<T>, again: (fresh: PersistenceDriver) => Promise<T>): Promise<T> {
    try {
      return await read;
    } catch (error) {
      if (hasCode(error, 'ROLLED_BACK')) return again(this.#makeInner());
      throw error;
    }
  }
}
