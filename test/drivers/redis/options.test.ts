import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { isAccountKeeperError } from '../../../src/core/errors.js';
import { RedisDriver, type RedisDriverOptions, redisFactories } from '../../../src/drivers/redis/driver.js';
import { readRedisOptions } from '../../../src/drivers/redis/settings.js';

function configError(make: () => unknown): string {
  try {
    make();
  } catch (error) {
    if (isAccountKeeperError(error) && error.code === 'CONFIG') return `${error.message} ${inspect(error.cause)}`;
    throw error;
  }
  throw new Error('nothing was thrown');
}

describe('Redis URLs', () => {
  it.each([
    ['redis://localhost', { kind: 'single', address: { host: 'localhost', port: 6379 } }],
    ['redis://10.0.0.1:7000/3', { kind: 'single', address: { host: '10.0.0.1', port: 7000 } }],
    ['REDISS://[::1]:7000/', { kind: 'single', address: { host: '::1', port: 7000 } }],
    [
      'redis+cluster://a,b:7001',
      {
        kind: 'cluster',
        nodes: [
          { host: 'a', port: 6379 },
          { host: 'b', port: 7001 },
        ],
      },
    ],
    [
      'redis+sentinel://a,b:7001/my%20master/2?sentinelUsername=u&sentinelPassword=p',
      {
        kind: 'sentinel',
        sentinels: [
          { host: 'a', port: 26379 },
          { host: 'b', port: 7001 },
        ],
        masterName: 'my master',
        credentials: { username: 'u', password: 'p' },
      },
    ],
  ])('%s names its servers', (url, servers) => {
    expect(readRedisOptions({ url }).settings.servers).toEqual(servers);
  });

  it.each([
    ['redis://h', {}],
    ['redis://:p%40ss%2F%3A@h', { password: 'p@ss/:' }],
    ['redis://us%3Aer:pass@h', { username: 'us:er', password: 'pass' }],
    ['redis://user@h', { username: 'user' }],
    ['redis+cluster://user:p:a:s@h,i', { username: 'user', password: 'p:a:s' }],
  ])('%s gives user and password', (url, credentials) => {
    expect(readRedisOptions({ url }).settings.credentials).toEqual(credentials);
  });

  it('gives the database and the options of the query', () => {
    const url =
      'rediss://h/4?prefix=bots&operationTimeoutMs=500&durability=REPLICATED&replicas=2&replicaTimeoutMs=70&tlsCa=/ca';
    const { fields, settings } = readRedisOptions({ url });
    expect(fields).toMatchObject({ prefix: 'bots', operationTimeoutMs: 500 });
    expect(settings).toMatchObject({ database: 4, durability: 'replicated', replicas: 2, replicaTimeoutMs: 70 });
    expect(settings.tls).toEqual({ files: { ca: '/ca', cert: undefined, key: undefined } });
  });

  it.each([
    'redis:',
    'redis://',
    'redis://:hush@',
    'redis://user:hush',
    'redis://hush:hush',
    'redis://user:hush?prefix=a',
    'redis://user:hush,h:1',
    'redis://:hush',
    'redis://hu sh/',
    'redis://[hush]',
    'redis//user:hush',
    'user:hush',
    'redis+cluster://user:hush/1',
    'redis+sentinel://user:hush/m',
    'redis://user:hu/sh@h',
    'redis://user:hush@h:0',
    'redis://user:hush@h:99999',
    'redis://user:hush@h/x',
    'redis://user:hush@h/1/2',
    'redis://user:hush@h,i',
    'redis://user:hush@h/%',
    'redis://us%er:hush@h',
    'redis://user:hush@h#1',
    'redis+cluster://user:hush@h/1',
    'redis+sentinel://user:hush@h',
    'redis+sentinel://user:hush@h/m/x',
    'redis+other://user:hush@h',
    'redis://user:hush@h?nonsense=hush',
    'redis://user:hush@h?replicas=1',
    'redis://user:hush@h?allowEviction=1',
    'redis://user:hush@h?durability=hush%40',
    'redis://user:hush@h?tlsCa=/ca',
    'redis://user:hush@h?sentinelPassword=hush',
    'redis://user:hush@h?prefix=a&prefix=b',
    'redis://user:hush@h?password=hush',
  ])('%s is refused without showing the password', (url) => {
    expect(configError(() => new RedisDriver({ url }))).not.toMatch(/hu.?sh/);
  });
});

describe('RedisDriverOptions', () => {
  it('take a cluster and a master with sentinels as objects', () => {
    const cluster = readRedisOptions({ nodes: ['a:1', 'b'], password: 'p', tls: true }).settings;
    expect(cluster.servers).toMatchObject({ kind: 'cluster', nodes: [{ port: 1 }, { port: 6379 }] });
    expect(cluster.tls).toMatchObject({ files: {} });
    const sentinel = readRedisOptions({ sentinels: ['a'], masterName: 'm', db: 3, sentinelPassword: 'p' }).settings;
    expect(sentinel.servers).toMatchObject({ kind: 'sentinel', masterName: 'm', sentinels: [{ port: 26379 }] });
    expect(sentinel.database).toBe(3);
  });

  it('have defaults', () => {
    expect(readRedisOptions({ url: 'redis://h' }).settings).toMatchObject({
      database: 0,
      durability: 'process',
      replicas: 1,
      replicaTimeoutMs: 1000,
      allowEviction: true,
      tls: undefined,
    });
    expect(new RedisDriver({ url: 'redis://h' }).capabilities.durability).toBe('process');
    expect(new RedisDriver({ url: 'redis://h', durability: 'host' }).capabilities.durability).toBe('host');
  });

  const bad: readonly (readonly [string, object])[] = [
    ['nothing', {}],
    ['two ways', { url: 'redis://h', nodes: ['a'] }],
    ['no nodes', { nodes: [] }],
    ['nodes that are none', { nodes: ['user:hush@h'] }],
    ['nodes that are a user and a password', { nodes: ['user:hush'] }],
    ['sentinels that are passwords', { sentinels: ['h:1', ':hush/'], masterName: 'm' }],
    ['eviction that is a text', { url: 'redis://h', allowEviction: 'hush@' }],
    ['sentinels without a name', { sentinels: ['a'] }],
    ['a name without sentinels', { url: 'redis://h', masterName: 'm' }],
    ['a database of a cluster', { nodes: ['a'], db: 1 }],
    ['a negative database', { url: 'redis://h', db: -1 }],
    ['a password that is none', { url: 'redis://h', password: { hush: 'hush' } }],
    ['an empty password', { url: 'redis://h', password: '' }],
    ['the same in the URL and beside it', { url: 'redis://:hush@h', password: 'hush' }],
    ['replicas without durability replicated', { url: 'redis://h', durability: 'host', replicas: 1 }],
    ['no replicas', { url: 'redis://h', durability: 'replicated', replicas: 0 }],
    ['TLS in a URL without', { url: 'redis://h', tls: true }],
    ['TLS that is none', { nodes: ['a'], tls: 'hush' }],
    ['an unknown option of TLS', { nodes: ['a'], tls: { hash: 'hush' } }],
    ['a certificate that is none', { nodes: ['a'], tls: { ca: 1 } }],
    ['an unknown option', { url: 'redis://h', hash: 'hush' }],
    ['a URL that is none', { url: 5 }],
  ];
  it.each(bad)('refuse %s, without showing secrets', (_, options) => {
    expect(configError(() => new RedisDriver(options as RedisDriverOptions))).not.toContain('hush');
  });

  it('never show themselves in the driver', () => {
    for (const options of [
      { url: 'redis://user:hush@h' },
      { url: 'redis+sentinel://user:hush@h/m?sentinelPassword=hush' },
      { nodes: ['a'], password: 'hush', tls: { key: 'hush' } },
    ]) {
      const driver = new RedisDriver(options);
      expect(inspect(driver, { depth: 20, showHidden: true })).not.toContain('hush');
      expect(JSON.stringify(driver)).not.toContain('hush');
    }
  });
});

describe('redisFactories', () => {
  it('make drivers from URLs of each scheme, and from objects', () => {
    for (const [scheme, factory] of Object.entries(redisFactories)) {
      const path = scheme.includes('sentinel') ? '/m' : '';
      expect(factory({ url: `${scheme}://h${path}`, options: { prefix: 'p' } }).name).toBe('redis');
    }
    expect(redisFactories.redis({ options: { nodes: ['a:1'] } }).name).toBe('redis');
    expect(redisFactories.redis({ options: { url: 'redis+cluster://a:1' } }).name).toBe('redis');
    configError(() => redisFactories.redis({ url: 'redis://h', options: { url: 'redis://h' } }));
  });
});
