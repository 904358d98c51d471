import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { isAccountKeeperError } from '../../../src/core/errors.js';
import { makePostgresDriver, PostgresDriver } from '../../../src/drivers/postgres/driver.js';
import type { PostgresDriverOptions } from '../../../src/drivers/postgres/options.js';
import { readPostgresOptions } from '../../../src/drivers/postgres/url.js';
import { rejection } from '../support.js';

function configError(options: object): Error {
  try {
    readPostgresOptions(options);
  } catch (error) {
    expect(error).toMatchObject({ code: 'CONFIG', outcome: 'not-applied', retryable: false });
    if (isAccountKeeperError(error)) return error;
  }
  throw new Error('nothing was thrown');
}

describe('PostgresDriver: the URL', () => {
  it.each<[string, object]>([
    ['postgres://', {}],
    ['postgresql://h', { host: 'h' }],
    ['postgres://h:1/d', { host: 'h', port: 1, database: 'd' }],
    ['postgres://u@h/d', { user: 'u', host: 'h', database: 'd' }],
    ['postgres://u%40x:p%2F%3F%23%25@h', { user: 'u@x', password: 'p/?#%', host: 'h' }],
    ['postgres://[::1]:5433/d%20e', { host: '::1', port: 5433, database: 'd e' }],
    ['postgres://u@%2Frun%2Fpg/d', { user: 'u', host: '/run/pg', database: 'd' }],
    ['postgres://u:p@/d?host=/run/pg', { user: 'u', password: 'p', host: '/run/pg', database: 'd' }],
    ['postgres://u@', { user: 'u' }],
    ['postgres://u:p@s:s@h/d\n', { user: 'u', password: 'p@s:s', host: 'h', database: 'd' }],
    [
      'postgres://h/d?user=1&applicationName=true&poolSize=1&sslmode=DISABLE',
      { host: 'h', database: 'd', user: '1', applicationName: 'true', poolSize: 1 },
    ],
    ['postgres:///d?host=/run/pg', { host: '/run/pg', database: 'd' }],
    [
      'postgres://h?schema=s&table=t&poolSize=2&applicationName=a&prefix=p&operationTimeoutMs=5&user=u&password=p',
      {
        host: 'h',
        schema: 's',
        table: 't',
        poolSize: 2,
        applicationName: 'a',
        prefix: 'p',
        operationTimeoutMs: 5,
        user: 'u',
        password: 'p',
      },
    ],
  ])('%s is understood', (url, options) => {
    expect(readPostgresOptions({ url })).toEqual({ ...options, tls: undefined });
  });

  it.each<[string, object | undefined]>([
    ['sslmode=disable', undefined],
    ['sslmode=require', { verify: 'nothing' }],
    ['sslmode=require&sslrootcert=/ca.pem', { verify: 'chain', caFile: '/ca.pem' }],
    ['sslmode=verify-ca', { verify: 'chain' }],
    ['sslmode=verify-ca&sslrootcert=/ca.pem', { verify: 'chain', caFile: '/ca.pem' }],
    ['sslmode=verify-full&sslrootcert=system', { verify: 'name' }],
    ['ssl=true', { verify: 'name' }],
    ['ssl=false', undefined],
  ])('%s has the meaning that it has elsewhere', (query, tls) => {
    expect(readPostgresOptions({ url: `postgres://h/d?${query}` }).tls).toEqual(tls);
  });

  it.each([
    'postgres://secret-1@h1,h2/d',
    'postgres://u:secret-1@h1:1,h2:2/d',
    'postgres://u:secret-1@h:70000/d',
    'postgres://u:secret-1#x@h/d',
    'postgres://u:secret-1/x@h/d',
    'postgres://u:secret-1@/secret-2@h/d',
    'postgres://u:1/secret-1@h/d',
    'postgres:u:secret-1@h/d',
    'postgres://u:secret-1%zz@h/d',
    'postgres://u:secret-1',
    'postgres://u:secret-1/d',
    'postgres://u:secret-1?a=b',
    'postgres://u:12#secret-1',
    'postgres://u:12:secret-1/d',
    'postgres:u:secret-1/d',
    'u:secret-1',
    'mysql://u:secret-1@h/d',
    'postgres://u:secret-1@h/d?unknown=1',
    'postgres://u:secret-1@h/d?target_session_attrs=primary',
    'postgres://u:secret-1@h/d?password=secret-2',
    'postgres://h/d?host=g',
    'postgres://h/d?table=a&table=b',
    'postgres://h/d?table=a-b',
    'postgres://h/d?schema=',
    'postgres://h/d?poolSize=0',
    'postgres://h/d?poolSize=1.5',
    'postgres://h/d?port=x',
    'postgres://h/d?sslmode=prefer',
    'postgres://h/d?sslrootcert=/ca.pem',
    'postgres://h/d?sslmode=require&ssl=true',
    'postgres://h/d?ssl=maybe',
    'postgres://h/d?url=postgres://u:secret-1@h',
  ])('%s is refused, without its secrets', (url) => {
    expect(inspect(configError({ url }), { depth: 9, showHidden: true })).not.toContain('secret');
  });
});

describe('PostgresDriver: the options', () => {
  it.each<object>([
    { host: 'a,b' },
    { host: 'u:secret-1@h' },
    { host: '' },
    { port: 0 },
    { port: '5432' },
    { user: '' },
    { user: 'a\0' },
    { password: 12_345 },
    { password: '' },
    { password: 'secret-1\0' },
    { database: '' },
    { schema: 'a"b' },
    { table: 'x'.repeat(64) },
    { table: '1a' },
    { poolSize: 101 },
    { poolSize: Number.NaN },
    { operationTimeoutMs: 0 },
    { prefix: 'a:b' },
    { ssl: 'yes' },
    { ssl: { rejectUnauthorized: 'no' } },
    { ssl: { ca: 1 } },
    { ssl: { key: '' } },
    { ssl: { passphrase: 'secret-1' } },
    { connectionString: 'postgres://u:secret-1@h' },
    { url: 5 },
    { url: 'postgres://h/d', host: 'h' },
    { url: 'postgres://h/d?sslmode=require', ssl: true },
    { url: 'postgres://h/d?table=a', table: 'b' },
  ])('%o are refused, without their secrets', (options) => {
    const make = (): unknown => new PostgresDriver(options as PostgresDriverOptions);
    expect(make).toThrow(expect.objectContaining({ code: 'CONFIG' }));
    expect(make).not.toThrow(/secret|12345/);
  });

  it('may be beside the URL, each in one place', () => {
    const ssl = { ca: 'x', rejectUnauthorized: false };
    expect(readPostgresOptions({ url: 'postgres://h/d?table=a', schema: 's', ssl })).toEqual({
      host: 'h',
      database: 'd',
      table: 'a',
      schema: 's',
      tls: { ca: 'x', verify: 'nothing' },
    });
  });

  it('come from a URL, or from a configuration object', () => {
    expect(makePostgresDriver({ url: 'postgres://h/d', options: { table: 'a' } }).name).toBe('postgres');
    expect(makePostgresDriver({ options: { host: 'h' } }).name).toBe('postgres');
    expect(() => makePostgresDriver({ options: { hots: 'h' } })).toThrow(expect.objectContaining({ code: 'CONFIG' }));
  });

  it('are not shown by the driver', () => {
    const driver = new PostgresDriver({ url: 'postgres://u:secret-1@h/d', ssl: { key: 'secret-2' } });
    expect(inspect(driver, { depth: 9, showHidden: true })).not.toContain('secret');
    expect(JSON.stringify(driver)).not.toContain('secret');
  });
});

describe('PostgresDriver: the package', () => {
  it('rejects NOT_INSTALLED where it is missing, or is another one', async () => {
    const missing = new PostgresDriver({}, () => Promise.reject(new Error('Cannot find package')));
    const other = new PostgresDriver({}, async () => ({}) as never);
    for (const driver of [missing, other]) expect((await rejection(driver.open())).code).toBe('NOT_INSTALLED');
  });
});
