import { badOption, type Check } from '../../core/shared/option-checks.js';
import type { DriverFactory, DriverRequest } from '../base/driver-factory.js';
import { decodedPart, mergeOptions, optionsFromQuery } from '../base/url-options.js';
import { KeyvDriver, type KeyvDriverOptions } from '../keyv/driver.js';
import { MEMORY_OPTIONS, MemoryDriver, type MemoryDriverOptions } from '../memory/driver.js';
import { makePostgresDriver } from '../postgres/driver.js';
import { redisFactories } from '../redis/driver.js';
import { SQLITE_OPTIONS, SqliteDriver, type SqliteDriverOptions } from '../sqlite/driver.js';

/** The drivers that need no registration, by scheme. The constructor of each checks every option. */
export const BUILT_IN_DRIVERS: Readonly<Record<string, DriverFactory>> = {
  memory: (request) => new MemoryDriver(withPath(request, MEMORY_OPTIONS) as MemoryDriverOptions),
  sqlite: (request) => new SqliteDriver(withPath(request, SQLITE_OPTIONS) as unknown as SqliteDriverOptions),
  ...redisFactories,
  postgres: makePostgresDriver,
  postgresql: makePostgresDriver,
  keyv({ url, options }) {
    if (url !== undefined) throw badOption('url', "no keyv: URL, but { driver: 'keyv', keyv, … }", url);
    return new KeyvDriver(options as unknown as KeyvDriverOptions);
  },
};

/** The options, with those of the URL among them; its path, where it has one, is the option `path`. */
function withPath(
  { url, options }: DriverRequest,
  checks: Readonly<Record<string, Check<unknown>>>,
): Readonly<Record<string, unknown>> {
  if (url === undefined) return options;
  const [before = '', ...query] = url.split('?');
  const path = decodedPart(url, before.slice(before.indexOf(':') + 1).replace(/^\/\//, ''));
  const inUrl = mergeOptions(path === '' ? {} : { path }, optionsFromQuery(checks, query.join('?')));
  return mergeOptions(inUrl, options);
}
