import type {
  AccountHead,
  CommitBatch,
  CommitOptions,
  PersistenceDriver,
} from '../../../../src/core/persistence-driver.js';
import { WrappedDriver } from '../wrapped-driver.js';

/** Keeps as much of the meta as its column takes. */
export class CutsMeta extends WrappedDriver {
  readonly #characters: number;

  constructor(inner: PersistenceDriver, characters: number) {
    super(inner);
    this.#characters = characters;
  }

  override commit(accountId: string, batch: CommitBatch, options: CommitOptions): Promise<AccountHead> {
    return super.commit(accountId, batch, this.#cut(options));
  }

  override drop(accountId: string, options: CommitOptions): Promise<AccountHead> {
    return super.drop(accountId, this.#cut(options));
  }

  #cut({ meta = '', ...options }: CommitOptions): CommitOptions {
    return { ...options, meta: meta.slice(0, this.#characters) };
  }
}
