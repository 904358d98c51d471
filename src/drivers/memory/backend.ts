/**
 * The storage of {@link MemoryDriver}s. Drivers with the same one share it. It holds the same keys and texts
 * as any other backend; the accessors are for inspection and for tests. Nothing survives the process.
 */
export class MemoryBackend {
  // By account first: an account's entries are found without looking at those of others.
  readonly #buckets = new Map<string, Map<string, string>>();

  readonly #listeners = new Map<string, Set<() => void>>();

  /** The text under a key. */
  get(key: string): string | undefined {
    return this.#buckets.get(bucketOf(key))?.get(key);
  }

  /** Stores a text under a key. */
  set(key: string, text: string): void {
    const name = bucketOf(key);
    const bucket = this.#buckets.get(name) ?? new Map<string, string>();
    this.#buckets.set(name, bucket);
    bucket.set(key, text);
    for (const listener of this.#listeners.get(key) ?? []) queueMicrotask(listener);
  }

  /** Calls the listener after each `set` of the key, until the returned function is called. */
  watch(key: string, listener: () => void): () => void {
    const listeners = this.#listeners.get(key) ?? new Set();
    this.#listeners.set(key, listeners);
    let isWatching = true;
    const call = (): void => {
      if (isWatching) listener();
    };
    listeners.add(call);
    return () => {
      isWatching = false;
      listeners.delete(call);
      if (listeners.size === 0) this.#listeners.delete(key);
    };
  }

  /** Forgets a key. @returns whether it was there */
  delete(key: string): boolean {
    const name = bucketOf(key);
    const bucket = this.#buckets.get(name);
    const deleted = bucket?.delete(key) ?? false;
    if (bucket?.size === 0) this.#buckets.delete(name);
    return deleted;
  }

  /** All keys. */
  *keys(): Generator<string, void, undefined> {
    for (const bucket of this.#buckets.values()) yield* bucket.keys();
  }

  /** The entries of all keys that share this key's account. */
  neighbours(key: string): ReadonlyMap<string, string> {
    return this.#buckets.get(bucketOf(key)) ?? new Map();
  }
}

/** The part of a key that names its account, as the layout's keys have one; `''` for all others. */
function bucketOf(key: string): string {
  const end = key.indexOf('}:');
  return end === -1 ? '' : key.slice(0, end);
}
