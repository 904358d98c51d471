import { AccountLocks } from './account-locks.js';
import { propertyOf } from './keyv-client.js';

const NOTHING: ReadonlySet<string> = new Set();

const sharedStores = new WeakMap<object, SharedStore>();

/** What all drivers in this process share that work on the same store: an account's writes must not overlap. */
export class SharedStore {
  /** By the key of an account's head. */
  readonly locks: AccountLocks = new AccountLocks();
  readonly #leftovers = new Map<string, ReadonlySet<string>>();
  readonly #store: object;
  #listeners = 0;
  #errors = 0;
  #lastError: unknown;
  readonly #onError = (error: unknown): void => {
    this.#errors += 1;
    this.#lastError = error;
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

  /** By the key of an account's head: keys that a failed change may have left with nothing that refers to them. */
  leftoversOf(name: string): ReadonlySet<string> {
    return this.#leftovers.get(name) ?? NOTHING;
  }

  setLeftovers(name: string, keys: readonly string[]): void {
    if (keys.length === 0) this.#leftovers.delete(name);
    else this.#leftovers.set(name, new Set(keys));
  }

  /** Grows with every error that the store emits. */
  get errors(): number {
    return this.#errors;
  }

  get lastError(): unknown {
    return this.#lastError;
  }

  /**
   * Hears the errors that the store emits: some adapters report a failure in no other way, and one that nobody hears
   * ends the process. @returns what ends that
   */
  listen(): () => void {
    this.#listeners += 1;
    if (this.#listeners === 1) this.#call(['on', 'addListener']);
    let listening = true;
    return () => {
      if (!listening) return;
      listening = false;
      this.#listeners -= 1;
      if (this.#listeners === 0) this.#call(['off', 'removeListener']);
    };
  }

  #call(names: readonly string[]): void {
    for (const name of names) {
      const method = propertyOf(this.#store, name);
      if (typeof method !== 'function') continue;
      Reflect.apply(method, this.#store, ['error', this.#onError]);
      return;
    }
  }
}
