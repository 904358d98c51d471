import { AccountKeeperError } from '../core/errors.js';
import { redactUrl } from '../core/redact.js';
import { optionsFromQuery } from './option-table.js';
import { REDIS_QUERY_RULES, type RedisFields, readAddress } from './redis-options.js';

/** The schemes of Redis' URLs. */
export const REDIS_SCHEMES = [
  'redis',
  'rediss',
  'redis+cluster',
  'rediss+cluster',
  'redis+sentinel',
  'rediss+sentinel',
] as const;

const SHAPES = {
  single: 'redis://[user:password@]host[:port][/db]',
  cluster: 'redis+cluster://[user:password@]host[:port],host[:port]',
  sentinel: 'redis+sentinel://[user:password@]host[:port],host[:port]/<master name>[/db]',
};

type Shape = keyof typeof SHAPES;

const URL_PARTS =
  /^(redis|rediss)(?:\+(cluster|sentinel))?:\/\/(?:([^/?#]*)@)?([^@/?#]+)(?:\/([^?#]*))?(?:\?([^#]*))?$/i;

/** What a URL says, besides its query, of where to connect. */
export interface RedisUrlParts {
  readonly shape: Shape;
  readonly isEncrypted: boolean;
  readonly hosts: readonly string[];
  /** The options that the URL gives. */
  readonly fields: Partial<RedisFields>;
}

/** Takes a URL apart. @throws `CONFIG`, without the URL's credentials */
export function parseRedisUrl(url: string): RedisUrlParts {
  const [, scheme = '', kind, userInfo, hostList = '', path = '', query = ''] = URL_PARTS.exec(url) ?? [];
  if (scheme === '') throw badUrl(url, Object.values(SHAPES).join(', '));
  const shape: Shape = kind === undefined ? 'single' : kind.toLowerCase() === 'cluster' ? 'cluster' : 'sentinel';
  const hosts = hostList.split(',');
  if (shape === 'single' && hosts.length > 1) throw badUrl(url, SHAPES.single);
  for (const host of hosts) if (!isAddress(host)) throw badUrl(url, SHAPES[shape]);
  const fields = {
    ...optionsFromQuery(REDIS_QUERY_RULES, query),
    ...credentials(url, userInfo),
    ...place(url, shape, path),
  };
  return { shape, isEncrypted: scheme.toLowerCase() === 'rediss', hosts, fields };
}

function credentials(url: string, userInfo: string | undefined): Partial<RedisFields> {
  if (userInfo === undefined) return {};
  const colon = userInfo.indexOf(':');
  const username = decoded(url, colon === -1 ? userInfo : userInfo.slice(0, colon));
  const password = colon === -1 ? '' : decoded(url, userInfo.slice(colon + 1));
  return { ...(username === '' ? {} : { username }), ...(password === '' ? {} : { password }) };
}

/** What comes after the hosts: the master's name, and the number of the database. */
function place(url: string, shape: Shape, path: string): Partial<RedisFields> {
  const parts = path === '' ? [] : path.replace(/\/$/, '').split('/');
  const name = shape === 'sentinel' ? parts.shift() : undefined;
  const [db, ...more] = parts;
  const isTooMuch = more.length > 0 || (shape === 'cluster' && db !== undefined);
  if (isTooMuch || (shape === 'sentinel' && (name ?? '') === '') || (db !== undefined && !/^\d{1,7}$/.test(db))) {
    throw badUrl(url, SHAPES[shape]);
  }
  return {
    ...(name === undefined ? {} : { masterName: decoded(url, name) }),
    ...(db === undefined ? {} : { db: Number(db) }),
  };
}

function isAddress(host: string): boolean {
  try {
    readAddress('url', host, 1);
    return true;
  } catch {
    return false;
  }
}

function decoded(url: string, text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw badUrl(url, 'one whose % are %25');
  }
}

function badUrl(url: string, allowed: string): AccountKeeperError {
  return new AccountKeeperError('CONFIG', `url: received ${JSON.stringify(shown(url))}, allowed is ${allowed}`);
}

/** Where no scheme, or no hosts are to be seen, the password may be in their place. */
function shown(url: string): string {
  const [, scheme = '', rest = ''] = /^([a-z+]*:\/\/)?(.*)$/is.exec(redactUrl(url)) ?? [];
  const [hosts = ''] = rest.slice(rest.lastIndexOf('@') + 1).split(/[/?#]/);
  return scheme !== '' && hosts.split(',').every(isAddress) ? `${scheme}${rest}` : `${scheme}***`;
}
