import { isMap } from 'node:util/types';
import { type KeyvAdapter, propertyOf } from './client.js';
import { escapeGlob, isKeyvRedis, listKeyvRedis } from './redis-listing.js';

/** Keys and stored values, as an adapter lists them. */
export type Listing = AsyncIterable<readonly unknown[]> | Iterable<readonly unknown[]>;

/** A method for many keys, which an adapter may have. */
export type ManyMethod = 'getMany' | 'setMany' | 'deleteMany';

/** Facts about a kind of adapter, from reading its source. */
export interface AdapterProfile {
  /** Characters of a whole key; `undefined`: as many as anybody wants. */
  readonly keyCharacters: number | undefined;
  /** Bytes of a stored value; `undefined`: as many as anybody wants. */
  readonly storedBytes: number | undefined;
  /** Records that a commit can have, and be written within the default deadline on an ordinary disk. */
  readonly batchRecords: number;
  /** Methods for many keys that report every failure. The others are not used. */
  readonly many: ReadonlySet<ManyMethod>;
  /** Whether the adapter's `namespace`, which the last Keyv on the adapter sets, has a part in where keys go. */
  readonly namespaceInKeys: boolean;
  /** Whether the backend may have an encoding that does not hold every character, as MySQL's tables may be in latin1. */
  readonly encodes: boolean;
  /** Whether a text that is stored comes back as that text, and is not taken for JSON on the way. */
  readonly keepsTexts: boolean;
  /** Whether `disconnect` waits for everything that was asked, for ever when the server is gone, unless it gets `true`. */
  readonly lingers: boolean;
  /** Whether nothing survives the process. */
  readonly inMemory: boolean;
  /** The prefix of the keys that it lists, before the key that was given to `set`. */
  ownPrefix(store: KeyvAdapter): string;
  /** Lists at least all keys that begin with `<start>:`, own prefix included; `undefined` where the adapter cannot list. */
  list(store: KeyvAdapter, start: string): Listing | undefined;
}

/** The limit of the column that `@keyv/mysql` makes. */
const MYSQL_TEXT_BYTES = 65_535;
/** etcd takes requests of 1.5 MiB; a key and what frames it go off that. */
const ETCD_VALUE_BYTES = 1_400_000;
const UNKNOWN_KEY_CHARACTERS = 1024;

const plain = {
  keyCharacters: undefined,
  storedBytes: undefined,
  batchRecords: 10_000,
  many: new Set<never>(),
  namespaceInKeys: false,
  encodes: false,
  keepsTexts: true,
  lingers: false,
  inMemory: false,
  ownPrefix: () => '',
} as const;

const map: AdapterProfile = {
  ...plain,
  inMemory: true,
  list: (store) => (isMap(store) ? [...store] : undefined),
};

/** Its patterns have `\` for an escape character, and it does not escape those of the namespace. */
const mysql: AdapterProfile = {
  ...plain,
  storedBytes: MYSQL_TEXT_BYTES,
  encodes: true,
  many: new Set(['getMany', 'deleteMany']),
  list: (store, start) => iterate(store, start.includes('\\') ? undefined : start),
};

/** Each record is a transaction of its own, and synced by itself. */
const sqlite: AdapterProfile = {
  ...plain,
  batchRecords: 1000,
  many: new Set(['getMany', 'deleteMany']),
  list: iterate,
};

const postgres: AdapterProfile = {
  ...plain,
  many: new Set(['getMany', 'setMany', 'deleteMany']),
  encodes: true,
  list: iterate,
};

/** Its `getMany` and `deleteMany` pass failures off as missing keys, without an error event. */
const etcd: AdapterProfile = { ...plain, storedBytes: ETCD_VALUE_BYTES, batchRecords: 5000, list: iterate };

/** Its `deleteMany` passes failures off as missing keys, without an error event. */
const valkey: AdapterProfile = {
  ...plain,
  many: new Set(['getMany']),
  namespaceInKeys: true,
  ownPrefix(store) {
    const usesSets = propertyOf(propertyOf(store, 'opts'), 'useRedisSets') !== false;
    return usesSets ? '' : `namespace:${namespaceOf(store) ?? ''}:`;
  },
  list: (store, start) => iterate(store, escapeGlob(start)),
};

/** Without `throwOnErrors`, its methods report failures by error events only. */
const redis: AdapterProfile = {
  ...plain,
  lingers: true,
  many: new Set(['getMany', 'setMany', 'deleteMany']),
  namespaceInKeys: true,
  ownPrefix: (store) => (isKeyvRedis(store) ? store.createKeyPrefix('', namespaceOf(store)) : ''),
  list(store, start) {
    return isKeyvRedis(store) ? listKeyvRedis(store, redis.ownPrefix(store), start) : undefined;
  },
};

const unknown: AdapterProfile = {
  ...plain,
  keyCharacters: UNKNOWN_KEY_CHARACTERS,
  namespaceInKeys: true,
  encodes: true,
  keepsTexts: false,
  list: (store) => iterate(store, namespaceOf(store)),
};

/** The facts about this adapter. */
export function profileOf(store: KeyvAdapter): AdapterProfile {
  const profile = kindOf(store);
  const keySize = propertyOf(propertyOf(store, 'opts'), 'keySize');
  return typeof keySize === 'number' && Number.isSafeInteger(keySize) && keySize > 0
    ? { ...profile, keyCharacters: keySize }
    : profile;
}

/** The adapter's namespace; `undefined` for none. */
export function namespaceOf(store: object): string | undefined {
  const namespace = propertyOf(store, 'namespace');
  return typeof namespace === 'string' && namespace !== '' ? namespace : undefined;
}

/** By dialect, with the property that makes an adapter one of its kind: names of classes do not survive every bundler. */
const KINDS = new Map<unknown, { readonly profile: AdapterProfile; readonly mark: string }>([
  ['mysql', { profile: mysql, mark: 'query' }],
  ['postgres', { profile: postgres, mark: 'query' }],
  ['sqlite', { profile: sqlite, mark: 'query' }],
  ['etcd', { profile: etcd, mark: 'client' }],
  ['redis', { profile: valkey, mark: 'redis' }],
]);

function kindOf(store: KeyvAdapter): AdapterProfile {
  if (isMap(store)) return map;
  const dialect = propertyOf(propertyOf(store, 'opts'), 'dialect');
  if (dialect === 'redis' && isKeyvRedis(store)) return redis;
  const kind = KINDS.get(dialect);
  return kind === undefined || propertyOf(store, kind.mark) === undefined ? unknown : kind.profile;
}

function iterate(store: KeyvAdapter, namespace: string | undefined): AsyncIterable<readonly unknown[]> | undefined {
  const iterator = propertyOf(store, 'iterator');
  if (typeof iterator !== 'function') return undefined;
  return Reflect.apply(iterator, store, [namespace]) as AsyncIterable<readonly unknown[]>;
}
