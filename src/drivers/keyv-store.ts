import { AccountKeeperError } from '../core/errors.js';
import { decodeEnvelope, encodeEnvelope } from './keyv-envelope.js';
import { adapterError } from './keyv-errors.js';
import { fromStoredKey, toStoredKey } from './keyv-keys.js';
import type { SharedStore } from './keyv-shared-store.js';
import type { KeyvTarget } from './keyv-target.js';
import type { Operation } from './operation.js';
import { chunksOf, sideBySide } from './side-by-side.js';

/** A key of the layout and what the store is to hold under it. */
export interface EncodedEntry {
  readonly key: string;
  readonly stored: unknown;
}

/** A key of the layout, and what the store holds under it. */
export interface ListedEntry {
  readonly key: string;
  /** The stored text, as an envelope of ours. */
  text(): Promise<string | undefined>;
}

const AT_ONCE = 16;
const READ_CHUNK = 200;
const WRITE_CHUNK = 100;

/**
 * The adapter behind a Keyv, in terms of the shared layout's keys and envelopes. No failure passes for an answer: what
 * an adapter throws, a `false` for a write, and an error event during a call that has nothing to show are all failures.
 */
export class KeyvStore {
  readonly #target: KeyvTarget;
  readonly #shared: SharedStore;
  readonly #start: string;

  constructor(target: KeyvTarget, shared: SharedStore, prefix: string) {
    this.#target = target;
    this.#shared = shared;
    this.#start = target.keyPrefix + toStoredKey(prefix);
  }

  /** What the adapter is given for an envelope. */
  async encode(key: string, envelope: string): Promise<EncodedEntry> {
    return { key, stored: await this.#target.encode(decodeEnvelope(envelope) ?? '') };
  }

  /** The texts under the keys, as envelopes of ours; `undefined` where there is none. */
  async read(keys: readonly string[], operation: Operation): Promise<readonly (string | undefined)[]> {
    const texts: (string | undefined)[] = new Array(keys.length).fill(undefined);
    const many = this.#many('getMany');
    if (many === undefined || keys.length === 1) {
      await sideBySide(keys, AT_ONCE, async (key, index) => {
        operation.assertActive();
        texts[index] = await this.#textOf(await this.#readOne(this.#stored(key)));
      });
      return texts;
    }
    for (const [number, chunk] of chunksOf(keys, READ_CHUNK).entries()) {
      operation.assertActive();
      const values = await this.#readMany(
        many,
        chunk.map((key) => this.#stored(key)),
      );
      for (const [index, value] of values.entries()) texts[number * READ_CHUNK + index] = await this.#textOf(value);
    }
    return texts;
  }

  /** Settles when nothing of it is under way any more. */
  async write(entries: readonly EncodedEntry[]): Promise<void> {
    const many = this.#many('setMany');
    if (many === undefined || entries.length === 1) {
      await sideBySide(entries, AT_ONCE, async ({ key, stored }) => {
        await this.#writeWith('set', () => this.#target.store.set(this.#stored(key), stored));
      });
      return;
    }
    for (const chunk of chunksOf(entries, WRITE_CHUNK)) {
      const pairs = chunk.map(({ key, stored }) => ({ key: this.#stored(key), value: stored }));
      await this.#writeWith('setMany', () => many(pairs));
    }
  }

  /** Settles when nothing of it is under way any more. */
  async remove(keys: readonly string[]): Promise<void> {
    const many = this.#many('deleteMany');
    if (many === undefined || keys.length === 1) {
      await sideBySide(keys, AT_ONCE, (key) => this.#removeWith(() => this.#target.store.delete(this.#stored(key))));
      return;
    }
    for (const chunk of chunksOf(keys, WRITE_CHUNK)) {
      const stored = chunk.map((key) => this.#stored(key));
      await this.#removeWith(() => many(stored));
    }
  }

  /** All keys of the prefix, some perhaps more than once. @throws `CONFIG` when the adapter cannot list */
  async *list(operation: Operation): AsyncGenerator<ListedEntry, void, undefined> {
    const { store, profile, keyPrefix } = this.#target;
    this.#target.assertUnchanged();
    const before = this.#shared.errors;
    const listing = profile.list(store, this.#start);
    if (listing === undefined) {
      throw new AccountKeeperError(
        'CONFIG',
        'accounts: the adapter has no iterator, so its keys cannot be listed; allowed are adapters that have one',
      );
    }
    try {
      for await (const [key, stored] of listing) {
        operation.assertActive();
        if (typeof key !== 'string' || !key.startsWith(`${this.#start}:`)) continue;
        const known = fromStoredKey(key.slice(keyPrefix.length));
        if (known !== undefined) yield { key: known, text: () => this.#textOf(stored) };
      }
    } catch (thrown) {
      throw adapterError('listing', 'read', thrown);
    }
    this.#target.assertUnchanged();
    // An adapter may end early, and say why by an event only.
    if (this.#shared.errors !== before) throw adapterError('listing', 'read', this.#shared.lastError);
  }

  async #readOne(key: string): Promise<unknown> {
    const before = this.#shared.errors;
    const value = await this.#call('get', 'read', () => this.#target.store.get(key));
    this.#expectAnswer(value, before);
    return value;
  }

  async #readMany(many: (keys: readonly string[]) => unknown, keys: readonly string[]): Promise<readonly unknown[]> {
    const before = this.#shared.errors;
    const values = await this.#call('getMany', 'read', () => many(keys));
    if (!Array.isArray(values) || values.length !== keys.length) {
      throw adapterError('getMany', 'read', new TypeError('not as many answers as keys'));
    }
    for (const value of values) this.#expectAnswer(value, before);
    return values;
  }

  #expectAnswer(value: unknown, errorsBefore: number): void {
    if ((value ?? undefined) === undefined && this.#shared.errors !== errorsBefore) {
      throw adapterError('reading', 'read', this.#shared.lastError);
    }
  }

  async #writeWith(doing: string, write: () => unknown): Promise<void> {
    const before = this.#shared.errors;
    const result = await this.#call(doing, 'write', write);
    if (result === false || (Array.isArray(result) && result.includes(false))) {
      throw adapterError(doing, 'write', new Error('the adapter answered false'));
    }
    if (this.#shared.errors !== before) throw adapterError(doing, 'write', this.#shared.lastError);
  }

  /** `false` says that there was nothing to delete. */
  async #removeWith(remove: () => unknown): Promise<void> {
    const before = this.#shared.errors;
    await this.#call('delete', 'write', remove);
    if (this.#shared.errors !== before) throw adapterError('delete', 'write', this.#shared.lastError);
  }

  async #call(doing: string, kind: 'read' | 'write', call: () => unknown): Promise<unknown> {
    this.#target.assertUnchanged();
    let result: unknown;
    try {
      result = await call();
    } catch (thrown) {
      throw adapterError(doing, kind, thrown);
    }
    // Some adapters look at their namespace late in the call.
    try {
      this.#target.assertUnchanged();
    } catch (cause) {
      if (kind === 'read') throw cause;
      throw new AccountKeeperError('CONFIG', `${doing}: the Keyv was changed meanwhile`, { outcome: 'unknown', cause });
    }
    return result;
  }

  #many(name: 'getMany' | 'setMany' | 'deleteMany'): ((argument: unknown) => unknown) | undefined {
    if (!this.#target.profile.many.has(name)) return undefined;
    const { store } = this.#target;
    const method: unknown = Reflect.get(store, name);
    if (typeof method !== 'function') return undefined;
    return (argument) => Reflect.apply(method, store, [argument]) as unknown;
  }

  #stored(key: string): string {
    return this.#target.keyPrefix + toStoredKey(key);
  }

  /** What is no string of ours comes as a text that is no envelope either. */
  async #textOf(stored: unknown): Promise<string | undefined> {
    if (stored === undefined || stored === null) return undefined;
    const value = await this.#target.decode(stored);
    if (value !== undefined) return encodeEnvelope(value);
    const text = shownText(stored);
    return decodeEnvelope(text) === undefined ? text : `unreadable by the serializer: ${text}`;
  }
}

function shownText(stored: unknown): string {
  if (typeof stored === 'string') return stored;
  if (Buffer.isBuffer(stored)) return stored.toString('utf8');
  return JSON.stringify(stored) ?? String(stored);
}
