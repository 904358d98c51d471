import type {
  AccountHead,
  CommitBatch,
  CommitOptions,
  LoadOptions,
  OperationOptions,
  PersistenceDriver,
  StoredAccount,
} from '../../../../src/core/persistence-driver.js';
import { WrappedDriver } from '../wrapped-driver.js';

interface Place {
  readonly driver: PersistenceDriver;
  readonly accountId: string;
}

/** Where the accounts are, by the texts that prefix and id make together: of two that make the same, there is one. */
export type JoinedPlaces = Map<string, Place>;

/** Puts the prefix before the id, and nothing in between. */
export class JoinsPrefixAndId extends WrappedDriver {
  readonly #prefix: string;
  readonly #places: JoinedPlaces;

  constructor(inner: PersistenceDriver, prefix: string, places: JoinedPlaces) {
    super(inner);
    this.#prefix = prefix;
    this.#places = places;
  }

  override head(accountId: string, options?: OperationOptions): Promise<AccountHead | undefined> {
    const place = this.#place(accountId);
    return place.driver.head(place.accountId, options);
  }

  override load(accountId: string, options?: LoadOptions): Promise<StoredAccount | undefined> {
    const place = this.#place(accountId);
    return place.driver.load(place.accountId, options);
  }

  override commit(accountId: string, batch: CommitBatch, options: CommitOptions): Promise<AccountHead> {
    const place = this.#place(accountId);
    return place.driver.commit(place.accountId, batch, options);
  }

  override drop(accountId: string, options: CommitOptions): Promise<AccountHead> {
    const place = this.#place(accountId);
    return place.driver.drop(place.accountId, options);
  }

  #place(accountId: string): Place {
    const own: Place = { driver: this.inner, accountId };
    if (typeof accountId !== 'string') return own;
    const joined = `${this.#prefix}${accountId}`;
    const first = this.#places.get(joined);
    if (first === undefined) this.#places.set(joined, own);
    // Another driver with the same prefix has the same account anyway.
    return first === undefined || first.accountId === accountId ? own : first;
  }
}
