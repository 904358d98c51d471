import { AccountKeeperError, isAccountKeeperError } from '../../core/errors.js';
import { decodeEnvelope, encodeDocument, isFramed } from '../base/envelope.js';
import { unescapeKey } from '../base/key-escape.js';
import type { Operation } from '../base/operation/operation.js';
import type { ManyMethod } from './adapter-profile.js';
import { chunksOf, forEachConcurrent } from './for-each-concurrent.js';
import { fromStoredKey, toStoredKey } from './keys.js';
import type { StorageLimits } from './limits.js';
import { SharedStore } from './shared-store.js';
import type { KeyvTarget } from './target.js';

/** A key of the layout and what the store is to hold under it. */
export interface EncodedEntry {
  readonly key: string;
  readonly stored: unknown;
}

/** Reads the texts under keys. */
export type ReadTexts = (keys: readonly string[]) => Promise<readonly (string | undefined)[]>;

type Many = (some: readonly unknown[]) => unknown;

const AT_ONCE = 16;
const CHUNK: Readonly<Record<ManyMethod, number>> = { getMany: 200, setMany: 100, deleteMany: 100 };

/**
 * The adapter behind a Keyv, in terms of the shared layout's keys and envelopes. No failure passes for an answer: what
 * an adapter throws, a `false` for a write, and an error event during a call that has nothing to show are all failures.
 */
export class KeyvStore {
  readonly limits: StorageLimits;
  readonly shared: SharedStore;
  readonly #target: KeyvTarget;
  readonly #start: string;

  constructor(target: KeyvTarget, limits: StorageLimits, prefix: string) {
    this.limits = limits;
    this.shared = SharedStore.of(target.store);
    this.#target = target;
    this.#start = this.keyOf(prefix);
  }

  /** The key of the layout, as the adapter is given it. */
  keyOf(key: string): string {
    return this.#target.keyPrefix + toStoredKey(key);
  }

  /** Encodes an envelope for the adapter. @throws `TOO_LARGE` with the record at fault */
  async encode(key: string, envelope: string): Promise<EncodedEntry> {
    const stored = await this.#target.encode(envelope);
    const { storedBytes = Number.POSITIVE_INFINITY } = this.limits;
    const bytes = typeof stored === 'string' ? Buffer.byteLength(stored) : 0;
    if (bytes <= storedBytes) return { key, stored };
    const [, escaped] = key.split('}:r:');
    const record = escaped === undefined ? undefined : unescapeKey(escaped);
    throw new AccountKeeperError(
      'TOO_LARGE',
      `${JSON.stringify(key.slice(0, 128))}: expected up to ${storedBytes} bytes when it is stored, received ${bytes}`,
      { records: record === undefined ? undefined : [record] },
    );
  }

  /** Reads the envelopes under the keys; `undefined` where there is none. */
  async read(keys: readonly string[], operation?: Operation): Promise<readonly (string | undefined)[]> {
    const { store } = this.#target;
    const texts: (string | undefined)[] = [];
    await this.#inCalls('getMany', keys, async (chunk, start, many) => {
      operation?.assertActive();
      const stored = chunk.map((key) => this.keyOf(key));
      const get: Many = many ?? (() => Promise.all(stored.map((key) => store.get(key))));
      const hasAll = (values: unknown): boolean =>
        Array.isArray(values) && !values.includes(undefined) && !values.includes(null);
      const values = await this.#call('reading', () => get(stored), hasAll);
      if (!Array.isArray(values) || values.length !== chunk.length) {
        throw adapterError('getMany', new TypeError('not as many answers as keys'));
      }
      for (const [index, value] of values.entries()) texts[start + index] = await this.#textOf(value);
    });
    return texts;
  }

  /** Settles when nothing of it is under way any more. */
  async write(entries: readonly EncodedEntry[]): Promise<void> {
    const { store } = this.#target;
    await this.#inCalls('setMany', entries, async (chunk, _start, many) => {
      const pairs = chunk.map(({ key, stored }) => ({ key: this.keyOf(key), value: stored }));
      const set: Many = many ?? (() => Promise.all(pairs.map(({ key, value }) => store.set(key, value))));
      const result = await this.#call('set', () => set(pairs));
      if (result === false || (Array.isArray(result) && result.includes(false))) {
        throw adapterError('set', new Error('the adapter answered false'));
      }
    });
  }

  /** Settles when nothing of it is under way any more. A `false` of the adapter says that there was nothing to delete. */
  async remove(keys: readonly string[]): Promise<void> {
    const { store } = this.#target;
    await this.#inCalls('deleteMany', keys, async (chunk, _start, many) => {
      const stored = chunk.map((key) => this.keyOf(key));
      const remove: Many = many ?? (() => Promise.all(stored.map((key) => store.delete(key))));
      await this.#call('delete', () => remove(stored));
    });
  }

  /**
   * All keys of the prefix, some perhaps more than once, with what reads the text.
   *
   * @throws `CONFIG` when the adapter cannot list
   */
  async list(
    operation: Operation,
    visit: (key: string, text: () => Promise<string | undefined>) => Promise<void>,
  ): Promise<void> {
    const { store, profile, keyPrefix } = this.#target;
    await this.#call('listing', async () => {
      const own = profile.ownPrefix(store);
      const start = own + this.#start;
      const listing = profile.list(store, start);
      if (listing === undefined) {
        throw new AccountKeeperError(
          'CONFIG',
          'accounts: expected an adapter with an iterator, received one whose keys cannot be listed',
        );
      }
      for await (const [key, stored] of listing) {
        operation.assertActive();
        if (typeof key !== 'string' || !key.startsWith(`${start}:`)) continue;
        const known = fromStoredKey(key.slice(own.length + keyPrefix.length));
        if (known !== undefined) await visit(known, () => this.#textOf(stored));
      }
    });
  }

  /** Goes through the items in calls for many at once, or else, where the adapter has none, in calls for one. */
  async #inCalls<T>(
    name: ManyMethod,
    items: readonly T[],
    call: (chunk: readonly T[], start: number, many: Many | undefined) => Promise<void>,
  ): Promise<void> {
    const { store, profile } = this.#target;
    const method: unknown = profile.many.has(name) && items.length > 1 ? Reflect.get(store, name) : undefined;
    const many = typeof method === 'function' ? (some: unknown) => Reflect.apply(method, store, [some]) : undefined;
    const size = many === undefined ? 1 : CHUNK[name];
    await forEachConcurrent(chunksOf(items, size), many === undefined ? AT_ONCE : 1, (chunk, index) =>
      call(chunk, index * size, many),
    );
  }

  /** Runs a call. An error event meanwhile counts as a failure, unless the result proves that there was none. */
  async #call(
    doing: string,
    call: () => unknown,
    showsSuccess: (result: unknown) => boolean = () => false,
  ): Promise<unknown> {
    this.#target.assertUnchanged();
    const before = this.shared.lastFailure;
    try {
      const result = await call();
      // Some adapters look at their namespace late in the call.
      this.#target.assertUnchanged();
      const { lastFailure } = this.shared;
      if (lastFailure !== undefined && lastFailure !== before && !showsSuccess(result)) throw lastFailure.error;
      return result;
    } catch (thrown) {
      throw adapterError(doing, thrown);
    }
  }

  /** Reads a stored value as text. A value that is not a string becomes a text that no envelope has. */
  async #textOf(stored: unknown): Promise<string | undefined> {
    if (stored === undefined || stored === null) return undefined;
    if (typeof stored === 'string' && isFramed(stored)) return stored;
    const value = await this.#target.decode(stored);
    // As heads are encoded: they are compared. Of another value, either envelope means the same.
    if (value !== undefined) return encodeDocument(value);
    const text = shownText(stored);
    return decodeEnvelope(text) === undefined ? text : `unreadable by the serializer: ${text}`;
  }
}

function shownText(stored: unknown): string {
  if (typeof stored === 'string') return stored;
  if (Buffer.isBuffer(stored)) return stored.toString('utf8');
  return JSON.stringify(stored) ?? String(stored);
}

/** Turns an adapter's error into one of this library. It names the code or the class alone: a message may contain a secret. */
function adapterError(doing: string, thrown: unknown): AccountKeeperError {
  if (isAccountKeeperError(thrown)) return thrown;
  const code = thrown instanceof Error && 'code' in thrown ? thrown.code : undefined;
  const label = typeof code === 'string' ? code : thrown instanceof Error ? thrown.name : typeof thrown;
  return new AccountKeeperError('UNAVAILABLE', `${doing}: the adapter failed (${label})`, {
    cause: withoutCommand(thrown),
  });
}

/** Clients of Redis put the command on the error, and with it the password where the command was AUTH. */
function withoutCommand(thrown: unknown): unknown {
  if (!(thrown instanceof Error)) return new Error(`an adapter failed with a ${typeof thrown}`);
  if (!('command' in thrown)) return thrown;
  const copy = new Error(thrown.message);
  copy.name = thrown.name;
  if (thrown.stack !== undefined) copy.stack = thrown.stack;
  return copy;
}
