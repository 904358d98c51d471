import { AccountLocks } from '../base/account-locks.js';
import { propertyOf } from './client.js';

const sharedStores = new WeakMap<object, SharedStore>();

/** The state that all drivers of this process share for one store: the writes of an account must not overlap. */
export class SharedStore {
  /** By the key of an account's head. */
  readonly locks: AccountLocks = new AccountLocks();
  /** By the key of an account's head: keys that a failed change may have left with nothing that refers to them. */
  readonly leftovers: Map<string, readonly string[]> = new Map();
  readonly #store: object;
  #listeners = 0;
  #lastFailure: { readonly error: unknown } | undefined;
  readonly #onError = (error: unknown): void => {
    this.#lastFailure = { error };
  };

  private constructor(store: object) {
    this.#store = store;
  }

  /** The one that belongs to the store. */
  static of(store: object): SharedStore {
    const shared = sharedStores.get(store) ?? new SharedStore(store);
    sharedStores.set(store, shared);
    return shared;
  }

  /** The last error that the store has emitted; each is another object. */
  get lastFailure(): { readonly error: unknown } | undefined {
    return this.#lastFailure;
  }

  /**
   * Hears the errors that the store emits: some adapters report a failure in no other way, and one that nobody hears
   * ends the process. To be ended by {@link unlisten}.
   */
  listen(): void {
    this.#listeners += 1;
    if (this.#listeners === 1) this.#call(['on', 'addListener']);
  }

  unlisten(): void {
    this.#listeners -= 1;
    if (this.#listeners === 0) this.#call(['off', 'removeListener']);
  }

  #call(names: readonly string[]): void {
    const method = names.map((name) => propertyOf(this.#store, name)).find((each) => typeof each === 'function');
    if (typeof method === 'function') Reflect.apply(method, this.#store, ['error', this.#onError]);
  }
}
