import { isDeepStrictEqual } from 'node:util';
import { AccountKeeperError } from '../../core/errors.js';
import { describeReceived } from '../../core/shared/option-checks.js';
import { decodeEnvelope, encodeDocument, encodeEnvelope, isFramed, valueIn } from '../base/envelope.js';
import { type AdapterProfile, namespaceOf, profileOf } from './adapter-profile.js';
import { isKeyv, isKeyvAdapter, type KeyvAdapter, type KeyvClient, propertyOf } from './client.js';
import { toStoredKey } from './keys.js';

/** The caller's Keyv or adapter, as the driver works with it: the adapter, and how the Keyv names and encodes. */
export interface KeyvTarget {
  readonly store: KeyvAdapter;
  readonly profile: AdapterProfile;
  /** The prefix that the Keyv adds to the driver's keys. */
  readonly keyPrefix: string;
  /** Encodes what is in an envelope for the store: a document as it is, if the Keyv reads it, and else a string. */
  encode(envelope: string): Promise<unknown>;
  /** The string that was stored as this; `undefined` when it was none. */
  decode(stored: unknown): Promise<string | undefined>;
  /** @throws `CONFIG` when keys would go elsewhere by now, or hooks would have to run */
  assertUnchanged(): void;
  disconnect(): Promise<void>;
}

const LIFETIMES = ['ttl', 'expires', 'maxAge'] as const;
const NO_LIFETIME: readonly unknown[] = [undefined, null, 0, false];

/** @throws `CONFIG` when records would expire, hooks would have to run, or keys would not go where they belong */
export function targetOf(given: KeyvClient | KeyvAdapter, prefix: string): KeyvTarget {
  const keyv = isKeyv(given) ? given : undefined;
  const store = isKeyv(given) ? given.store : given;
  if (!isKeyvAdapter(store)) {
    throw config('keyv', 'a Keyv whose store is a Keyv, or no storage adapter', 'a Keyv on a storage adapter');
  }
  refuseLifetime(given, keyv && store);
  const profile = profileOf(store);
  const namespace = namespaceOf(given);
  const useKeyPrefix = propertyOf(keyv, 'useKeyPrefix');
  const assertUnchanged = (): void => {
    const isSame =
      (keyv === undefined || (keyv.store === store && namespaceOf(keyv) === namespace)) &&
      propertyOf(keyv, 'useKeyPrefix') === useKeyPrefix &&
      (!profile.namespaceInKeys || namespaceOf(store) === namespace);
    if (!isSame) throw moved(namespace);
    refuseHooks(keyv);
  };
  assertUnchanged();
  const decode = async (stored: unknown): Promise<string | undefined> => {
    if (keyv !== undefined) return decodeByKeyv(keyv, stored);
    return typeof stored === 'string' ? decodeEnvelope(stored) : undefined;
  };
  const readsDocuments = once(async () => keyv === undefined || (await isDocumentReader(keyv)));
  const keepsDocument = async (framed: string): Promise<boolean> =>
    profile.keepsTexts && (!profile.encodes || asciiJson(framed) === framed) && readsDocuments();
  return {
    store,
    profile,
    keyPrefix: keyPrefixOf(keyv === undefined || useKeyPrefix === false ? undefined : namespace, prefix),
    encode: async (envelope) => {
      if (isFramed(envelope) && (await keepsDocument(envelope))) return envelope;
      const value = decodeEnvelope(envelope) ?? '';
      const stored = await (keyv?.serializeData({ value, expires: undefined }) ?? encodeEnvelope(value));
      if (!profile.encodes || typeof stored !== 'string') return stored;
      // Most serializers make JSON, which means the same in ASCII. Whether this one did is seen from what it reads.
      const ascii = asciiJson(stored);
      return ascii === stored || (await decode(ascii)) === value ? ascii : stored;
    },
    decode,
    assertUnchanged,
    disconnect: async () => {
      // Nothing is under way any more that anybody would wait for: a read whose time is up must not hold it up.
      if (profile.lingers) await end(store, true);
      await end(given);
    },
  };
}

/** As Keyv's `get` and `set` do it: a key that begins with the namespace already gets none. */
function keyPrefixOf(namespace: string | undefined, prefix: string): string {
  if (namespace === undefined) return '';
  const start = `${namespace}:`;
  if (start.startsWith(`${toStoredKey(prefix)}:{`)) {
    throw config('keyv.namespace', JSON.stringify(namespace), `none that begins with the driver's keys`);
  }
  return `${toStoredKey(prefix)}:`.startsWith(start) ? '' : start;
}

/** As Keyv's `get` does it. */
async function decodeByKeyv(keyv: KeyvClient, stored: unknown): Promise<string | undefined> {
  const compressed = propertyOf(keyv.opts, 'compression') !== undefined;
  let data: unknown;
  try {
    data = typeof stored === 'string' || compressed ? await keyv.deserializeData(stored as string) : stored;
  } catch {
    // The serializer did not make a text that it cannot read.
    return undefined;
  }
  return typeof data === 'object' && data !== null ? valueIn(data as Readonly<Record<string, unknown>>) : undefined;
}

/** Whether the Keyv finds the object in a document's envelope, as one with Keyv's own serializer does. */
async function isDocumentReader(keyv: KeyvClient): Promise<boolean> {
  const sample = { text: 'x', list: [1, null, { flag: true }] };
  try {
    const data = await keyv.deserializeData(encodeDocument(JSON.stringify(sample)));
    return isDeepStrictEqual(propertyOf(data, 'value'), sample);
  } catch {
    return false;
  }
}

function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => {
    made ??= make();
    return made;
  };
}

function refuseLifetime(given: object, adapter: object | undefined): void {
  const places = {
    keyv: given,
    'keyv.opts': propertyOf(given, 'opts'),
    'keyv.store': adapter,
    'keyv.store.opts': propertyOf(adapter, 'opts'),
  };
  for (const [place, object] of Object.entries(places)) {
    for (const lifetime of LIFETIMES) {
      const value = propertyOf(object, lifetime);
      if (!NO_LIFETIME.includes(value) && typeof value !== 'function') {
        throw config(`${place}.${lifetime}`, describeReceived(value), 'none: records must never expire');
      }
    }
  }
}

function refuseHooks(keyv: KeyvClient | undefined): void {
  const handlers = propertyOf(propertyOf(keyv, 'hooks'), 'handlers');
  if (!(handlers instanceof Map)) return;
  for (const [event, list] of handlers) {
    if (!Array.isArray(list) || list.length === 0) continue;
    const message = 'none: the driver works below the Keyv, where hooks do not run. Make another Keyv for it';
    throw config('keyv.hooks', `handlers of ${JSON.stringify(event)}`, message);
  }
}

/** The same JSON in ASCII. */
function asciiJson(text: string): string {
  return text.replace(/[\u0080-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

async function end(target: object, ...parameters: readonly unknown[]): Promise<void> {
  const method = propertyOf(target, 'disconnect');
  if (typeof method === 'function') await Reflect.apply(method, target, parameters);
}

function moved(namespace: string | undefined): AccountKeeperError {
  return new AccountKeeperError(
    'CONFIG',
    `keyv: its keys would go elsewhere than those that the driver knows. Its store, namespace and useKeyPrefix must stay ` +
      `as they were, and the adapter's namespace must be ${JSON.stringify(namespace ?? '')}: a Keyv that is made later on ` +
      'the same adapter changes it for both',
  );
}

function config(name: string, received: string, allowed: string): AccountKeeperError {
  return new AccountKeeperError('CONFIG', `${name}: expected ${allowed}, received ${received}`);
}
