import { readTlsFiles } from '../base/tls-options.js';
import type { RedisAdapterModule } from './adapter.js';
import type { RedisCredentials } from './address.js';
import { RedisLink, type RedisLinkSettings } from './link.js';
import { RedisLinks } from './links.js';
import type { RedisServerSettings, RedisSettings } from './settings.js';
import { ClusterTopology } from './topology/cluster.js';
import { SentinelTopology } from './topology/sentinel.js';
import { RedisServers, type RedisTopology, singleTopology } from './topology/servers.js';

/** A link on which somebody has waited in vain, and nothing came for so many milliseconds, is given up. */
const SILENCE_MS = 1000;

/** Makes the object that leads to the servers. Connects to none of them yet. @throws `CONFIG` when a file cannot be read */
export async function makeServers(module: RedisAdapterModule, settings: RedisSettings): Promise<RedisServers> {
  const { servers, credentials, database, durability, replicaTimeoutMs } = settings;
  const tls = settings.tls === undefined ? undefined : await readTlsFiles(settings.tls);
  // Nothing comes while the server waits for its replicas.
  const silenceMs = SILENCE_MS + (durability === 'replicated' ? replicaTimeoutMs : 0);
  const linksTo = (whom: Pick<RedisLinkSettings, 'credentials' | 'database' | 'hasRole'>): RedisLinks =>
    new RedisLinks((address) => new RedisLink(module, address, { ...whom, tls, silenceMs }));
  const links = linksTo({ credentials, database, hasRole: true });
  const linksToSentinels = (as: RedisCredentials): RedisLinks =>
    linksTo({ credentials: as, database: 0, hasRole: false });
  return new RedisServers(topologyOf(servers, links, linksToSentinels), links);
}

function topologyOf(
  servers: RedisServerSettings,
  links: RedisLinks,
  linksToSentinels: (credentials: RedisCredentials) => RedisLinks,
): RedisTopology {
  switch (servers.kind) {
    case 'single':
      return singleTopology(servers.address);
    case 'cluster':
      return new ClusterTopology(servers.nodes, links);
    case 'sentinel':
      return new SentinelTopology(servers.sentinels, servers.masterName, linksToSentinels(servers.credentials));
  }
}
