import { AccountKeeperError } from '../../core/errors.js';
import type { PersistenceDriver } from '../../core/persistence-driver.js';
import { badOption, describeReceived, hasMethods, requireOneOf } from '../../core/shared/option-checks.js';
import type { DriverFactory } from '../base/driver-factory.js';
import { isKeyv, isKeyvAdapter, type KeyvAdapter, type KeyvClient } from '../keyv/client.js';
import type { KeyvDriverOptions } from '../keyv/driver.js';
import type { MemoryDriverOptions } from '../memory/driver.js';
import type { PostgresDriverOptions } from '../postgres/options.js';
import type { RedisDriverOptions } from '../redis/options.js';
import type { SqliteDriverOptions } from '../sqlite/driver.js';
import { BUILT_IN_DRIVERS } from './built-in-drivers.js';

/** A {@link SqliteDriverOptions} with its driver's name. */
export type SqliteConfig = { readonly driver: 'sqlite' } & SqliteDriverOptions;

/** A {@link RedisDriverOptions} with its driver's name. */
export type RedisConfig = { readonly driver: 'redis' } & RedisDriverOptions;

/** A {@link PostgresDriverOptions} with its driver's name. */
export type PostgresConfig = { readonly driver: 'postgres' } & PostgresDriverOptions;

/** A {@link KeyvDriverOptions}; the driver's name can be left out. */
export type KeyvConfig = { readonly driver?: 'keyv' } & KeyvDriverOptions;

/** A {@link MemoryDriverOptions} with its driver's name. */
export type MemoryConfig = { readonly driver: 'memory' } & MemoryDriverOptions;

/** A URL with further options of its driver, each in one place only. Also for drivers that were registered. */
export type UrlConfig = { readonly url: string; readonly driver?: never } & { readonly [option: string]: unknown };

/**
 * Where to persist: a URL, a configuration object, a driver, or a Keyv.
 *
 * - `memory:`
 * - `redis://user:password@host:6379/0`, `rediss://…` (TLS), `redis+cluster://host:7000,host:7001`,
 *   `redis+sentinel://host:26379,host:26380/master-name`, `rediss+cluster://…`, `rediss+sentinel://…`
 * - `postgres://user:password@host:5432/database` or `postgresql://…`
 * - `sqlite://./state.db` or `sqlite:./state.db` (relative), `sqlite:///abs/state.db` (absolute), `sqlite::memory:`.
 *   What stands between `sqlite:` (with or without `//`) and `?` is the path; percent sequences in it are decoded, so
 *   that `%3F` is a `?`, `%23` a `#` and `%25` a `%`.
 * - Query parameters are options of the driver: `sqlite://./state.db?synchronous=normal&busyTimeoutMs=1000`
 * - a Keyv or a storage adapter has to be asked for: `{ keyv, allowUnconditional: true }`. By itself it is refused,
 *   with a message that says what it gives up.
 */
export type PersistenceConfig =
  | string
  | SqliteConfig
  | RedisConfig
  | PostgresConfig
  | KeyvConfig
  | MemoryConfig
  | UrlConfig
  | PersistenceDriver
  | KeyvClient
  | KeyvAdapter;

const SCHEME = /^([a-z][a-z0-9+.-]*):/i;

const TAKES_URL: ReadonlySet<string> = new Set(['redis', 'postgres', 'postgresql']);

const factories = new Map(Object.entries(BUILT_IN_DRIVERS));

/**
 * Makes the driver that a configuration names, without I/O; a driver is returned as it is.
 *
 * @throws `CONFIG` naming the option, what is expected, and what was received (without credentials)
 */
export function createDriver(config: PersistenceConfig): PersistenceDriver {
  if (typeof config === 'string') return fromUrl(config, {});
  if (typeof config !== 'object' || config === null) throw badConfig(describeReceived(config));
  if (isDriver(config)) return config;
  if (isKeyv(config) || isKeyvAdapter(config)) return factoryOf('keyv')({ options: { keyv: config } });
  const { driver, url, ...options }: Readonly<Record<string, unknown>> = { ...config };
  if (driver === undefined && url === undefined && options['keyv'] !== undefined) return factoryOf('keyv')({ options });
  // The options of these two name the server by a URL as well.
  if (typeof driver === 'string' && typeof url === 'string' && TAKES_URL.has(driver)) {
    return factoryOf(driver)({ url, options });
  }
  if (typeof url === 'string' && driver === undefined) return fromUrl(url, options);
  if (typeof driver === 'string' && url === undefined) return factoryOf(driver)({ options });
  throw badConfig(`an object with driver: ${describeReceived(driver)} and url: ${describeReceived(url)}`);
}

/**
 * Adds a scheme: URLs that begin with `<scheme>:`, and configuration objects with `driver: '<scheme>'`, are handed to
 * the factory from then on, in the whole process.
 *
 * @throws `CONFIG` when the scheme is none, is built in, or was registered before
 */
export function registerDriver(scheme: string, factory: DriverFactory): void {
  if (typeof scheme !== 'string' || SCHEME.exec(`${scheme}:`)?.[0] !== `${scheme}:`) {
    throw badOption('scheme', 'a letter, then letters, digits, + . -', scheme);
  }
  if (typeof factory !== 'function') throw badOption('factory', 'a function', factory);
  const name = scheme.toLowerCase();
  if (factories.has(name)) throw badOption('scheme', `none of ${knownSchemes().join(', ')}`, name);
  factories.set(name, factory);
}

function fromUrl(url: string, options: Readonly<Record<string, unknown>>): PersistenceDriver {
  const scheme = SCHEME.exec(url)?.[1];
  if (scheme === undefined) throw badConfig(describeReceived(url));
  return factoryOf(scheme)({ url, options });
}

function factoryOf(scheme: string): DriverFactory {
  const name = requireOneOf('driver', scheme.toLowerCase(), knownSchemes());
  return factories.get(name) as DriverFactory;
}

function knownSchemes(): readonly string[] {
  return [...factories.keys()];
}

const METHODS = ['open', 'head', 'load', 'commit', 'drop', 'accounts', 'close'] as const;

function isDriver(value: object): value is PersistenceDriver {
  const candidate = value as Readonly<Record<string, unknown>>;
  if (!hasMethods(candidate, METHODS)) return false;
  if (candidate['apiVersion'] === 1) return true;
  throw badOption('apiVersion', 'a driver with 1', candidate['apiVersion']);
}

function badConfig(received: string): AccountKeeperError {
  const urls = knownSchemes().map((scheme) => `${scheme}:`);
  return new AccountKeeperError(
    'CONFIG',
    `persistence: expected a URL (${urls.join(', ')}), an object with driver (${knownSchemes().join(', ')}), url or ` +
      `keyv, or a driver, received ${received}`,
  );
}
