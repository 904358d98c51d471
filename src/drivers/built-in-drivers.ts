import { AccountKeeperError } from '../core/errors.js';
import { redactUrl } from '../core/redact.js';
import type { DriverFactory, DriverRequest } from './driver-factory.js';
import { KeyvDriver, type KeyvDriverOptions } from './keyv-driver.js';
import { MEMORY_OPTION_RULES, MemoryDriver, type MemoryDriverOptions } from './memory-driver.js';
import { badOption, type OptionTable, optionsFromQuery, readOptions } from './option-table.js';
import { makePostgresDriver } from './postgres-driver.js';
import { redisFactories } from './redis-driver.js';
import { SQLITE_OPTION_RULES, SqliteDriver, type SqliteDriverOptions } from './sqlite-driver.js';

/** The drivers that need no registration, by scheme. */
export const BUILT_IN_DRIVERS: Readonly<Record<string, DriverFactory>> = {
  memory(request) {
    const { path, options } = split<MemoryDriverOptions>(request, MEMORY_OPTION_RULES);
    if (path !== undefined && path !== '') throw badOption('url', request.url, 'memory: with nothing but options');
    return new MemoryDriver(readOptions(MEMORY_OPTION_RULES, options));
  },
  sqlite(request) {
    const { path, options } = split<SqliteDriverOptions>(request, SQLITE_OPTION_RULES);
    const merged = path === undefined ? options : merge({ path: decodedPath(path) }, options);
    const read = readOptions(SQLITE_OPTION_RULES, merged);
    return new SqliteDriver({ ...read, path: SQLITE_OPTION_RULES.path.check('path', read.path) });
  },
  ...redisFactories,
  postgres: makePostgresDriver,
  postgresql: makePostgresDriver,
  keyv({ url, options }) {
    if (url !== undefined) throw badOption('url', url, "no keyv: URL, but { driver: 'keyv', keyv, … }");
    // It checks them all.
    return new KeyvDriver(options as unknown as KeyvDriverOptions);
  },
};

/** A URL's path, and its parameters together with the other options. */
function split<Options extends object>(
  { url, options }: DriverRequest,
  rules: OptionTable<Options>,
): { readonly path: string | undefined; readonly options: Readonly<Record<string, unknown>> } {
  if (url === undefined) return { path: undefined, options };
  const [before = '', ...query] = url.split('?');
  const path = before.slice(before.indexOf(':') + 1).replace(/^\/\//, '');
  return { path, options: merge(optionsFromQuery(rules, query.join('?')), options) };
}

/** @throws `CONFIG` when an option is in both: neither place goes without saying before the other */
function merge(
  fromUrl: Readonly<Record<string, unknown>>,
  options: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> {
  for (const name of Object.keys(options)) {
    if (Object.hasOwn(fromUrl, name)) {
      throw new AccountKeeperError('CONFIG', `${name}: received in the URL and beside it, allowed is one of them`);
    }
  }
  return { ...fromUrl, ...options };
}

function decodedPath(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch (cause) {
    const message = `path: received ${JSON.stringify(redactUrl(path))}, allowed in a URL is a path whose % are %25`;
    throw new AccountKeeperError('CONFIG', message, { cause });
  }
}
