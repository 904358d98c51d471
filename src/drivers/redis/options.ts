import {
  badOption,
  type Check,
  type ChecksOf,
  duration,
  flag,
  oneOf,
  wholeNumber,
} from '../../core/shared/option-checks.js';
import { BASE_OPTIONS, type BaseDriverOptions, nonEmptyText, secretText } from '../base/base-options.js';
import { type TlsOptions, tlsOrOneOf } from '../base/tls-options.js';
import { readAddress } from './address.js';

export type { TlsOptions as RedisTlsOptions } from '../base/tls-options.js';

/** The loss that an acknowledged commit of a {@link RedisDriver} survives. */
export type RedisDurability = 'process' | 'host' | 'replicated';

/** The options that do not depend on how many servers there are. */
export interface RedisCommonOptions extends BaseDriverOptions {
  /**
   * The loss that an acknowledged commit has to survive. `process`: the process that wrote it. `host`: also a failure of the
   * server's host; `open` warns unless the server has an append-only file that it syncs always. `replicated`: also the
   * loss of the server; the commit is acknowledged when `replicas` replicas have it, and `open` warns as for `host`.
   *
   * @default 'process'
   */
  readonly durability?: RedisDurability;
  /** How many replicas have to have a commit, at least 1. With durability `replicated` only. @default 1 */
  readonly replicas?: number;
  /**
   * Milliseconds, at least 1, that the replicas may take before the commit rejects `UNAVAILABLE` with outcome
   * `unknown`; other commits wait meanwhile. With durability `replicated` only.
   *
   * @default 1000
   */
  readonly replicaTimeoutMs?: number;
  /**
   * Whether `open` puts up with a server that evicts any key when its memory is used up (`maxmemory-policy` `allkeys-*`
   * with a `maxmemory`): if both head and index are evicted, a new process cannot tell the account from one that never
   * existed. `true`: it warns. `false`: it rejects `UNAVAILABLE`.
   *
   * @default true
   */
  readonly allowEviction?: boolean;
  /**
   * With durability `replicated` only: whether `open` puts up with a master that has no append-only file. Such a master
   * can be back with old data before anybody misses it, and its replicas then take over what it has. `true`: it warns.
   * `false`: it rejects `CONFIG`.
   *
   * @default false
   */
  readonly allowVolatile?: boolean;
  /** The ACL user. @default the server's default user */
  readonly username?: string;
  readonly password?: string;
  /** Encrypts the connections; in a URL, `rediss:` does. */
  readonly tls?: true | TlsOptions;
  /** Path of a file with the authorities to trust, in PEM format; read when the driver connects. */
  readonly tlsCa?: string;
  /** Path of a file with the client's own certificate. */
  readonly tlsCert?: string;
  /** Path of a file with the key of the client's own certificate. */
  readonly tlsKey?: string;
}

/** Servers that are named by a URL. */
export interface RedisUrlOptions extends RedisCommonOptions {
  /**
   * - `redis://[user:password@]host[:6379][/db]`: one server; `rediss://` with TLS
   * - `redis+cluster://[user:password@]host[:6379],host[:6379]`: some nodes of a cluster; `rediss+cluster://` with TLS
   * - `redis+sentinel://[user:password@]host[:26379],host[:26379]/<master name>[/db]`: the sentinels that watch over a
   *   master; `rediss+sentinel://` with TLS
   *
   * User and password are percent-decoded. Parameters of the query are options: `?prefix=bots&durability=host`.
   */
  readonly url: string;
  /** Number of the database. @default 0 */
  readonly db?: number;
  readonly sentinelUsername?: string;
  readonly sentinelPassword?: string;
  readonly nodes?: never;
  readonly sentinels?: never;
  readonly masterName?: never;
}

/** A cluster. */
export interface RedisClusterOptions extends RedisCommonOptions {
  /** Some of its nodes, as `host:port`; the others are found through them. */
  readonly nodes: readonly string[];
  readonly url?: never;
  readonly sentinels?: never;
  readonly masterName?: never;
  readonly db?: never;
  readonly sentinelUsername?: never;
  readonly sentinelPassword?: never;
}

/** A master that sentinels watch over. */
export interface RedisSentinelOptions extends RedisCommonOptions {
  /** The sentinels, as `host:port`. */
  readonly sentinels: readonly string[];
  /** The name that the sentinels have for the master. */
  readonly masterName: string;
  /** Number of the database. @default 0 */
  readonly db?: number;
  /** The ACL user at the sentinels. `username` and `password` are for the master. */
  readonly sentinelUsername?: string;
  readonly sentinelPassword?: string;
  readonly url?: never;
  readonly nodes?: never;
}

/** Options of a {@link RedisDriver}: a URL, the nodes of a cluster, or sentinels. */
export type RedisDriverOptions = RedisUrlOptions | RedisClusterOptions | RedisSentinelOptions;

/** All options, whichever servers they are for. */
export interface RedisFields extends RedisCommonOptions {
  readonly url?: string;
  readonly nodes?: readonly string[];
  readonly sentinels?: readonly string[];
  readonly masterName?: string;
  readonly db?: number;
  readonly sentinelUsername?: string;
  readonly sentinelPassword?: string;
}

const addresses: Check<readonly string[]> = (path, value) => {
  if (!Array.isArray(value) || value.length === 0) throw badOption(path, 'an array of host:port', value);
  for (const each of value) readAddress(path, each, 1);
  return value.map(String);
};

/** The checks of the options that a URL can have in its query. */
export const REDIS_QUERY_OPTIONS: ChecksOf<
  Omit<RedisFields, 'url' | 'nodes' | 'sentinels' | 'masterName' | 'tls' | 'db' | 'username' | 'password'>
> = {
  ...BASE_OPTIONS,
  durability: oneOf(['process', 'host', 'replicated']),
  replicas: wholeNumber(1, 1000),
  replicaTimeoutMs: duration(1),
  allowEviction: flag,
  allowVolatile: flag,
  sentinelUsername: nonEmptyText,
  sentinelPassword: secretText,
  tlsCa: nonEmptyText,
  tlsCert: nonEmptyText,
  tlsKey: nonEmptyText,
};

/** The checks of all options of a {@link RedisDriver}. */
export const REDIS_OPTIONS: ChecksOf<RedisFields> = {
  ...REDIS_QUERY_OPTIONS,
  url: secretText,
  nodes: addresses,
  sentinels: addresses,
  masterName: nonEmptyText,
  db: wholeNumber(0, 1_000_000),
  username: nonEmptyText,
  password: secretText,
  tls: tlsOrOneOf([true]),
};
