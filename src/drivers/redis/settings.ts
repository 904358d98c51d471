import { AccountKeeperError } from '../../core/errors.js';
import { badOption, readOptions } from '../../core/shared/option-checks.js';
import type { TlsFiles } from '../base/tls-options.js';
import { mergeOptions } from '../base/url-options.js';
import { type RedisAddress, type RedisCredentials, readAddress } from './address.js';
import { REDIS_OPTIONS, type RedisDriverOptions, type RedisDurability, type RedisFields } from './options.js';
import { parseRedisUrl } from './url.js';

/** Which servers there are. */
export type RedisServerSettings =
  | { readonly kind: 'single'; readonly address: RedisAddress }
  | { readonly kind: 'cluster'; readonly nodes: readonly RedisAddress[] }
  | {
      readonly kind: 'sentinel';
      readonly sentinels: readonly RedisAddress[];
      readonly masterName: string;
      readonly credentials: RedisCredentials;
    };

/** Everything that connecting depends on. */
export interface RedisSettings {
  readonly servers: RedisServerSettings;
  readonly credentials: RedisCredentials;
  readonly database: number;
  readonly tls: TlsFiles | undefined;
  readonly durability: RedisDurability;
  readonly replicas: number;
  readonly replicaTimeoutMs: number;
  readonly allowEviction: boolean;
  readonly allowVolatile: boolean;
}

const DEFAULT_PORT = 6379;
const DEFAULT_SENTINEL_PORT = 26_379;

/** The options, checked, and those of the URL together with those beside it. @throws `CONFIG` */
export function readRedisOptions(options: RedisDriverOptions): {
  readonly fields: Partial<RedisFields>;
  readonly settings: RedisSettings;
} {
  const given = readOptions('', REDIS_OPTIONS, options);
  const url = given.url === undefined ? undefined : parseRedisUrl(given.url);
  const fields = readOptions('', REDIS_OPTIONS, mergeOptions(url?.fields ?? {}, given));
  const servers = readServers(fields, url?.shape, url?.hosts);
  const { username, password, db, durability = 'process', replicas, replicaTimeoutMs, allowVolatile } = fields;
  if (durability !== 'replicated') {
    allowOnly({ replicas, replicaTimeoutMs, allowVolatile }, 'together with durability replicated');
  }
  if (servers.kind === 'cluster' && (db ?? 0) !== 0) throw badOption('db', '0 in a cluster', db);
  const settings: RedisSettings = {
    servers,
    credentials: { username, password },
    database: db ?? 0,
    tls: readTls(fields, url?.isEncrypted),
    durability,
    replicas: replicas ?? 1,
    replicaTimeoutMs: replicaTimeoutMs ?? 1000,
    allowEviction: fields.allowEviction ?? true,
    allowVolatile: allowVolatile ?? false,
  };
  return { fields, settings };
}

type Shape = RedisServerSettings['kind'];

function readServers(
  fields: Partial<RedisFields>,
  shape: Shape | undefined,
  hosts: readonly string[] = [],
): RedisServerSettings {
  const { nodes, sentinels, masterName, sentinelUsername, sentinelPassword } = fields;
  const ways = [shape, nodes && 'nodes', sentinels && 'sentinels'].filter((way) => way !== undefined);
  if (ways.length !== 1) {
    const received = ways.length === 0 ? 'none of them' : 'more than one of them';
    throw new AccountKeeperError('CONFIG', `url, nodes, sentinels: expected one of them, received ${received}`);
  }
  const kind: Shape = shape ?? (nodes === undefined ? 'sentinel' : 'cluster');
  const texts = nodes ?? sentinels ?? hosts;
  const name = nodes === undefined ? (sentinels === undefined ? 'url' : 'sentinels') : 'nodes';
  const addresses = texts.map((text) =>
    readAddress(name, text, kind === 'sentinel' ? DEFAULT_SENTINEL_PORT : DEFAULT_PORT),
  );
  if (kind === 'sentinel') {
    if (masterName === undefined) {
      throw badOption('masterName', 'the name that the sentinels have for the master', masterName);
    }
    const credentials = { username: sentinelUsername, password: sentinelPassword };
    return { kind, sentinels: addresses, masterName, credentials };
  }
  allowOnly({ masterName, sentinelUsername, sentinelPassword }, 'together with sentinels');
  const [address] = addresses;
  if (kind === 'cluster' || address === undefined) return { kind: 'cluster', nodes: addresses };
  return { kind, address };
}

function readTls(fields: Partial<RedisFields>, isEncrypted: boolean | undefined): TlsFiles | undefined {
  const { tls, tlsCa, tlsCert, tlsKey } = fields;
  if (isEncrypted === false) {
    allowOnly({ tls, tlsCa, tlsCert, tlsKey }, 'in a URL that begins with rediss');
  }
  const wanted = isEncrypted === true || [tls, tlsCa, tlsCert, tlsKey].some((each) => each !== undefined);
  if (!wanted) return undefined;
  const inMemory = tls === true || tls === undefined ? {} : tls;
  return { ...inMemory, files: { ca: tlsCa, cert: tlsCert, key: tlsKey } };
}

/** @throws `CONFIG` for the first of the options that was given */
function allowOnly(options: Readonly<Record<string, unknown>>, where: string): void {
  const [given] = Object.entries(options).find(([, value]) => value !== undefined) ?? [];
  if (given !== undefined) throw new AccountKeeperError('CONFIG', `${given}: expected only ${where}`);
}
