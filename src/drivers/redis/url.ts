import {
  badUrl,
  decodedPart,
  HOST_AND_PORT,
  mergeOptions,
  optionsFromQuery,
  parseServerUrl,
} from '../base/url-options.js';
import { REDIS_QUERY_OPTIONS } from './options.js';

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

/** The parts of a URL that say where to connect. The query is not among them. */
export interface RedisUrlParts {
  readonly shape: Shape;
  readonly isEncrypted: boolean;
  readonly hosts: readonly string[];
  /** The options that the URL gives. */
  readonly fields: Readonly<Record<string, unknown>>;
}

/** Takes a URL apart. @throws `CONFIG`, without the URL's credentials */
export function parseRedisUrl(url: string): RedisUrlParts {
  const { scheme, username, password, path, query, ...parsed } = parseServerUrl(url, Object.values(SHAPES).join(', '));
  if (!REDIS_SCHEMES.some((known) => known === scheme)) throw badUrl(url, Object.values(SHAPES).join(', '));
  const [protocol, kind = 'single'] = scheme.split('+') as [string, Shape?];
  const hosts = parsed.hosts.split(',');
  const names = path === '' ? [] : path.replace(/\/$/, '').split('/');
  const masterName = kind === 'sentinel' ? decodedPart(url, names.shift() ?? '') : undefined;
  const [db, ...more] = kind === 'cluster' ? [undefined, ...names] : names;
  const isOne = kind !== 'single' || hosts.length === 1;
  const isPlace = masterName !== '' && more.length === 0 && (db === undefined || /^\d{1,7}$/.test(db));
  if (!isOne || !isPlace || !hosts.every((host) => HOST_AND_PORT.test(host))) throw badUrl(url, SHAPES[kind]);
  const place = { username, password, masterName, db: db === undefined ? undefined : Number(db) };
  return {
    shape: kind,
    isEncrypted: protocol === 'rediss',
    hosts,
    fields: mergeOptions(place, optionsFromQuery(REDIS_QUERY_OPTIONS, query)),
  };
}
