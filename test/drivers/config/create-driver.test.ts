import { join, resolve } from 'node:path';
import { Keyv } from 'keyv';
import { describe, expect, it } from 'vitest';
import type { AccountKeeperError } from '../../../src/core/errors.js';
import { createDriver, type PersistenceConfig, registerDriver } from '../../../src/drivers/config/create-driver.js';
import { MemoryBackend } from '../../../src/drivers/memory/backend.js';
import { MemoryDriver } from '../../../src/drivers/memory/driver.js';
import { batchOf, closing, onTopOf, rawSqlite, temporaryFolder } from '../support.js';

function configError(make: () => unknown): AccountKeeperError {
  try {
    make();
  } catch (error) {
    expect(error).toMatchObject({ code: 'CONFIG', outcome: 'not-applied', retryable: false });
    return error as AccountKeeperError;
  }
  throw new Error('nothing was thrown');
}

describe('createDriver', () => {
  it.each(['memory:', 'memory://', 'MEMORY:', 'memory:?prefix=x&operationTimeoutMs=5'])(
    'makes a MemoryDriver from %s',
    (url) => {
      expect(createDriver(url).name).toBe('memory');
    },
  );

  it('makes a MemoryDriver from an object', async () => {
    const backend = new MemoryBackend();
    const driver = createDriver({ driver: 'memory', backend, prefix: 'x' });
    await driver.commit('a', batchOf(), onTopOf(undefined));
    expect([...backend.keys()]).toEqual(['x:{a}:head']);
  });

  it('makes a SqliteDriver from a URL or an object, with a path relative or absolute, decoded', async () => {
    const folder = await temporaryFolder();
    const configs: [PersistenceConfig, string][] = [
      [`sqlite://${folder}/a.db`, 'a.db'],
      [`sqlite:${folder}/b.db`, 'b.db'],
      [`sqlite:${folder}/c%3F%20%23%25.db?table=other&prefix=p&synchronous=normal&busyTimeoutMs=10`, 'c? #%.db'],
      [`sqlite://./${relative(folder)}/d.db`, 'd.db'],
      [`sqlite:${relative(folder)}/e.db`, 'e.db'],
      [{ driver: 'sqlite', path: join(folder, 'f%20.db'), synchronous: 'OFF' }, 'f%20.db'],
      [{ url: `sqlite:${folder}/g.db`, synchronous: 'EXTRA', busyTimeoutMs: 10 }, 'g.db'],
    ];
    for (const [config, name] of configs) {
      const driver = closing(createDriver(config));
      await driver.commit('a', batchOf(), onTopOf(undefined));
      const raw = await rawSqlite(join(folder, name));
      const [{ tables }] = await raw.query("SELECT count(*) AS tables FROM sqlite_schema WHERE type = 'table'");
      expect(tables).toBeGreaterThan(0);
    }
    expect(createDriver(`sqlite:${folder}/h.db?synchronous=normal`).capabilities.durability).toBe('process');
    for (const url of ['sqlite::memory:', 'sqlite://:memory:'])
      expect(createDriver(url).capabilities.durability).toBe('none');
  });

  it('returns a driver as it is', () => {
    const driver = new MemoryDriver();
    expect(createDriver(driver)).toBe(driver);
    const future = Object.assign(Object.create(driver), { apiVersion: 2 });
    configError(() => createDriver(future));
  });

  it.each([
    ['redis', 'redis://localhost'],
    ['redis', 'rediss://user:p%40ss@localhost:6380/2?prefix=bots&durability=host'],
    ['redis', 'redis+cluster://a:7000,b:7001?durability=replicated&replicas=2'],
    ['redis', 'redis+sentinel://a:26379,b/mymaster/1'],
    ['redis', { driver: 'redis', url: 'redis://localhost', durability: 'replicated' }],
    ['redis', { url: 'redis://localhost', prefix: 'bots' }],
    ['redis', { driver: 'redis', nodes: ['a:7000', 'b:7001'] }],
    ['redis', { driver: 'redis', sentinels: ['a'], masterName: 'mymaster' }],
    ['postgres', 'postgres://user:p%40ss@localhost:5433/db?schema=bots&poolSize=2'],
    ['postgres', 'postgresql://localhost/db?sslmode=verify-full'],
    ['postgres', { driver: 'postgres', host: 'localhost', database: 'db' }],
    ['postgres', { driver: 'postgres', url: 'postgres://localhost/db', table: 'states' }],
    ['postgres', { url: 'postgres://localhost/db', table: 'states' }],
    ['keyv', { driver: 'keyv', keyv: new Keyv(), allowUnconditional: true }],
    ['keyv', { keyv: new Keyv(), allowUnconditional: true, prefix: 'bots' }],
    ['keyv', { keyv: new Map(), allowUnconditional: true }],
  ] satisfies [string, PersistenceConfig][])('makes a %s driver without I/O (%#)', async (name, config) => {
    const driver = createDriver(config);
    expect(driver).toMatchObject({ name, apiVersion: 1 });
    await driver.close();
  });

  it.each([
    ['a Keyv', new Keyv()],
    ['an adapter', new Map()],
    ['a Keyv in an object', { driver: 'keyv', keyv: new Keyv() }],
  ])('refuses %s that was not asked for as unconditional, and says how to', (_, config) => {
    expect(configError(() => createDriver(config as PersistenceConfig)).message).toContain('allowUnconditional: true');
  });

  it.each([
    ['no scheme', './state.db'],
    ['nothing', ''],
    ['an unknown scheme', 'mongodb://localhost'],
    ['an inherited name', 'constructor:x'],
    ['no path', 'sqlite:'],
    ['no path either', 'sqlite://?table=x'],
    ['a path for memory', 'memory:x'],
    ['an unknown parameter', 'sqlite:x.db?sync=full'],
    ['an inherited parameter', 'sqlite:x.db?constructor=1'],
    ['the path as a parameter', 'sqlite:x.db?path=y.db'],
    ['a parameter twice', 'sqlite:x.db?table=a&table=b'],
    ['a bad word', 'sqlite:x.db?synchronous=sometimes'],
    ['a bad number', 'sqlite:x.db?busyTimeoutMs=soon'],
    ['a negative number', 'sqlite:x.db?busyTimeoutMs=-1'],
    ['an empty option', 'sqlite:x.db?prefix='],
    ['a bad prefix', 'sqlite:x.db?prefix=a:b'],
    ['a bad table', 'sqlite:x.db?table=a%22b'],
    ['a reserved table', 'sqlite:x.db?table=sqlite_x'],
    ['a malformed percent sequence', 'sqlite:x%zz.db'],
    ['a NUL in the path', 'sqlite:x%00.db'],
    ['an object that is none', {}],
    ['both ways', { driver: 'sqlite', url: 'sqlite:x.db' }],
    ['an unknown driver', { driver: 'mongodb' }],
    ['an unknown option', { driver: 'memory', path: 'x' }],
    ['no path in an object', { driver: 'sqlite' }],
    ['a number as text in an object', { driver: 'sqlite', path: 'x.db', busyTimeoutMs: '10' }],
    ['a word in lower case in an object', { driver: 'sqlite', path: 'x.db', synchronous: 'full' }],
    ['an option in both places', { url: 'sqlite:x.db?table=a', table: 'a' }],
    ['an unknown parameter for Redis', 'redis://localhost?ssl=1'],
    ['an unknown parameter for PostgreSQL', 'postgres://localhost/db?ssl_mode=require'],
    ['another driver and URL', { driver: 'postgres', url: 'redis://localhost' }],
    ['the other way round', { driver: 'redis', url: 'postgres://localhost/db' }],
    ['a Keyv and a URL', { keyv: new Keyv(), url: 'memory:', allowUnconditional: true }],
    ['a Keyv under another name', { driver: 'redis', keyv: new Keyv(), allowUnconditional: true }],
    ['a URL for Keyv', 'keyv:x'],
    ['a Keyv that is none', { keyv: {}, allowUnconditional: true }],
    ['null', null],
    ['a number', 1],
  ])('throws CONFIG for %s', (_, config) => {
    configError(() => createDriver(config as PersistenceConfig));
  });

  it('tells no credentials', () => {
    const urls = [
      'mongodb://me:hunter2@host/db',
      'mongodb://me:hun@ter2@host/db?password=hunter2',
      'me:hunter2@host',
      '//me:hunter2@host',
      'sqlite:x.db?synchronous=hunter2@host',
      'sqlite:x.db?password=1&busyTimeoutMs=me:hunter2@host',
      'memory:me:hunter2@x',
      'sqlite:%zz:hunter2@x',
      'redis://me:hunter2@a,b',
      'redis://:hun%zter2@a',
      'redis://localhost?password=hunter2',
      'redis+sentinel://me:hunter2@a',
      'postgres://me:hunter2@a,b/db',
      'postgres://me:hunter2@host/db?poolSize=0&password=hunter2',
      'postgres://me:hun%zter2@host/db',
    ];
    for (const url of urls) {
      for (const config of [url, { url }, { driver: url }]) {
        const { message, cause } = configError(() => createDriver(config as PersistenceConfig));
        expect(`${message} ${String(cause)}`).not.toContain('ter2');
      }
    }
  });
});

describe('registerDriver', () => {
  it('adds a scheme, for URLs and for objects', () => {
    const driver = new MemoryDriver();
    const requests: unknown[] = [];
    registerDriver('custom+x', (request) => {
      requests.push(request);
      return driver;
    });
    expect(createDriver('custom+x://u:p@host/1?a=b')).toBe(driver);
    expect(createDriver({ url: 'CUSTOM+X:', size: 1 })).toBe(driver);
    expect(createDriver({ driver: 'custom+x', size: 1 } as never)).toBe(driver);
    expect(requests).toEqual([
      { url: 'custom+x://u:p@host/1?a=b', options: {} },
      { url: 'CUSTOM+X:', options: { size: 1 } },
      { options: { size: 1 } },
    ]);
    configError(() => registerDriver('custom+x', () => driver));
    configError(() => registerDriver('CUSTOM+X', () => driver));
  });

  it.each(['memory', 'sqlite', 'SQLite', '', '1x', 'a:b', 'a b', 1])('rejects the scheme %j', (scheme) => {
    configError(() => registerDriver(scheme as string, () => new MemoryDriver()));
  });

  it('rejects a factory that is none', () => {
    configError(() => registerDriver('unused', {} as never));
  });
});

/** From the current directory. */
function relative(path: string): string {
  return `${'../'.repeat(resolve('.').split('/').length - 1)}${path.slice(1)}`;
}
