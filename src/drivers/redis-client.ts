import { readFile } from 'node:fs/promises';
import { AccountKeeperError } from '../core/errors.js';
import type { RedisAdapterModule } from './redis-adapter.js';
import { ClusterTopology } from './redis-cluster.js';
import { networkCode } from './redis-errors.js';
import { RedisLink, type RedisLinkSettings } from './redis-link.js';
import { RedisLinks } from './redis-links.js';
import type { RedisTlsOptions } from './redis-options.js';
import { SentinelTopology } from './redis-sentinel.js';
import { RedisServers, type RedisTopology, singleTopology } from './redis-servers.js';
import type {
  RedisCredentials,
  RedisServers as RedisServerSettings,
  RedisSettings,
  RedisTlsSettings,
} from './redis-settings.js';

/** A link on which somebody has waited in vain, and nothing came for so many milliseconds, is given up. */
const SILENCE_MS = 1000;

/** What leads to the servers. Connects to none of them yet. @throws `CONFIG` when a file cannot be read */
export async function makeServers(module: RedisAdapterModule, settings: RedisSettings): Promise<RedisServers> {
  const { servers, credentials, database, durability, replicaTimeoutMs } = settings;
  const tls = settings.tls === undefined ? undefined : await readTlsFiles(settings.tls);
  // Nothing comes while the server waits for its replicas.
  const silenceMs = SILENCE_MS + (durability === 'replicated' ? replicaTimeoutMs : 0);
  const linksAs = (as: RedisCredentials, data: number): RedisLinks => {
    const link: RedisLinkSettings = { credentials: as, database: data, tls, silenceMs };
    return new RedisLinks((address) => new RedisLink(module, address, link));
  };
  const links = linksAs(credentials, database);
  return new RedisServers(topologyOf(servers, links, linksAs), links);
}

function topologyOf(
  servers: RedisServerSettings,
  links: RedisLinks,
  linksAs: (credentials: RedisCredentials, database: number) => RedisLinks,
): RedisTopology {
  switch (servers.kind) {
    case 'single':
      return singleTopology(servers.address);
    case 'cluster':
      return new ClusterTopology(servers.nodes, links);
    case 'sentinel':
      return new SentinelTopology(servers.sentinels, servers.masterName, linksAs(servers.credentials, 0));
  }
}

async function readTlsFiles({ files, ...tls }: RedisTlsSettings): Promise<RedisTlsOptions> {
  const read: { [name: string]: Buffer } = {};
  for (const [name, path] of Object.entries(files)) if (path !== undefined) read[name] = await readPem(name, path);
  return { ...tls, ...read };
}

async function readPem(name: string, path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (cause) {
    const option = `tls${name.charAt(0).toUpperCase()}${name.slice(1)}`;
    const message = `${option}: received ${JSON.stringify(path)}, which cannot be read (${networkCode(cause)}); allowed is a file`;
    throw new AccountKeeperError('CONFIG', message, { cause });
  }
}
