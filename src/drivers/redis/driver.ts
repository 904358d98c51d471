import { AccountKeeperError } from '../../core/errors.js';
import type { DriverCapabilities, DriverLimits } from '../../core/persistence-driver.js';
import type { AccessMode, BackendConnection } from '../base/backend-connection.js';
import { BaseDriver } from '../base/base-driver.js';
import type { DriverFactory } from '../base/driver-factory.js';
import type { Operation } from '../base/operation/operation.js';
import { importKeyvRedis, loadRedisAdapter, type RedisAdapterImporter } from './adapter.js';
import { makeServers } from './client.js';
import { RedisConnection } from './connection.js';
import { redisError } from './errors.js';
import type { RedisDriverOptions } from './options.js';
import { type RedisSettings, readRedisOptions } from './settings.js';
import type { REDIS_SCHEMES } from './url.js';

export type {
  RedisClusterOptions,
  RedisCommonOptions,
  RedisDriverOptions,
  RedisDurability,
  RedisSentinelOptions,
  RedisTlsOptions,
  RedisUrlOptions,
} from './options.js';

/**
 * The arithmetic: one value is one argument of a command, of at most 512 MiB (`proto-max-bulk-len`), and a command has
 * to fit into a client's query buffer of 1 GiB. A byte of a value takes at most 6 there, a byte of a key at most 3, and
 * a record comes with its prefix and its part of the protocol. Both limits hold by far for batches of this size. A script
 * holds up everybody else: one of so many records takes the server a tenth of a second or so.
 */
const LIMITS: DriverLimits = {
  keyBytes: 8192,
  valueBytes: 8 * 1024 ** 2,
  batchBytes: 16 * 1024 ** 2,
  batchRecords: 20_000,
};

/**
 * Keeps accounts in Redis, through `@keyv/redis`: in one server, behind sentinels, or in a cluster, where an account
 * lies in one slot. A commit is one script in one round trip.
 *
 * The ACL user needs, for the keys `<prefix>:*`: `+ping +eval +evalsha +type +get +set +del +mget +mset +persist +sadd
 * +srem +smembers +scan`; with durability `replicated` also `+wait`, in a cluster `+cluster|slots +asking`, for another
 * database than 0 `+select`. With `+info`, a replica is recognised that takes writes (`replica-read-only no`), with
 * `+config|get` as well, `open` can check the server's settings; with `+cluster|nodes`, no account is missing in a
 * listing while slots move. To open for reading alone: `+ping +eval_ro +evalsha_ro +type +get +mget +smembers +scan`,
 * and in a cluster `+cluster|slots +asking`; `%R~<prefix>:*` is enough. A replica is then recognised with `+info` alone.
 * This takes Redis 7. At the sentinels: `+ping +sentinel|master +sentinel|get-master-addr-by-name`.
 */
export class RedisDriver extends BaseDriver {
  readonly name: string = 'redis';
  readonly capabilities: DriverCapabilities;
  readonly limits: DriverLimits = LIMITS;
  readonly #settings: RedisSettings;
  readonly #importer: RedisAdapterImporter;

  /**
   * @param importer for tests: imports the adapter's package.
   * @throws `CONFIG`
   */
  constructor(options: RedisDriverOptions, importer: RedisAdapterImporter = importKeyvRedis) {
    const { fields, settings } = readRedisOptions(options);
    super(fields);
    this.#settings = settings;
    this.#importer = importer;
    this.capabilities = {
      durability: settings.durability,
      atomicCommit: true,
      conditionalCommit: true,
      sharedAcrossProcesses: true,
    };
  }

  protected override async connect(operation: Operation, access: AccessMode): Promise<BackendConnection> {
    const module = await loadRedisAdapter(this.#importer);
    const servers = await makeServers(module, this.#settings);
    const { durability, replicas, replicaTimeoutMs } = this.#settings;
    const replication = durability === 'replicated' ? { replicas, timeoutMs: replicaTimeoutMs } : undefined;
    const secrets = secretsOf(this.#settings);
    const giveUp = (): void => servers.close();
    operation.signal.addEventListener('abort', giveUp, { once: true });
    try {
      operation.assertActive();
      const connection = new RedisConnection({ servers, layout: this.layout, access, replication, secrets });
      await connection.verify(this.#settings, operation);
      return connection;
    } catch (error) {
      servers.close();
      throw redisError(error, 'opening', 'read', secrets);
    } finally {
      operation.signal.removeEventListener('abort', giveUp);
    }
  }
}

function secretsOf({ credentials, servers }: RedisSettings): readonly string[] {
  const sentinel = servers.kind === 'sentinel' ? servers.credentials.password : undefined;
  return [credentials.password, sentinel].filter((secret) => secret !== undefined);
}

/** The factories that make a {@link RedisDriver} from the URLs of each scheme; `redis` also from a configuration object. */
export const redisFactories: Readonly<Record<(typeof REDIS_SCHEMES)[number], DriverFactory>> = {
  redis: makeDriver,
  rediss: makeDriver,
  'redis+cluster': makeDriver,
  'rediss+cluster': makeDriver,
  'redis+sentinel': makeDriver,
  'rediss+sentinel': makeDriver,
};

function makeDriver({ url, options }: Parameters<DriverFactory>[0]): RedisDriver {
  if (url !== undefined && Object.hasOwn(options, 'url')) {
    throw new AccountKeeperError('CONFIG', 'url: expected once, received twice');
  }
  // The constructor checks every one of them.
  return new RedisDriver({ ...options, ...(url === undefined ? {} : { url }) } as RedisDriverOptions);
}
