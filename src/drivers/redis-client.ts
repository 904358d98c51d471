import type { RedisAdapterModule } from './redis-adapter.js';
import { ClusterTopology } from './redis-cluster.js';
import { RedisLink, type RedisLinkSettings } from './redis-link.js';
import type { OpenRedisLink } from './redis-node.js';
import { SentinelTopology } from './redis-sentinel.js';
import type { RedisCredentials, RedisSettings } from './redis-settings.js';
import { type RedisTopology, SingleTopology } from './redis-topology.js';
import { readTlsFiles } from './tls-options.js';

/** A link on which somebody has waited in vain, and nothing came for so many milliseconds, is given up. */
const SILENCE_MS = 1000;

/** What leads to the servers. Connects to none of them yet. @throws `CONFIG` when a file cannot be read */
export async function makeTopology(module: RedisAdapterModule, settings: RedisSettings): Promise<RedisTopology> {
  const { servers, credentials, database, durability, replicaTimeoutMs } = settings;
  const tls = settings.tls === undefined ? undefined : await readTlsFiles(settings.tls);
  // Nothing comes while the server waits for its replicas.
  const silenceMs = SILENCE_MS + (durability === 'replicated' ? replicaTimeoutMs : 0);
  const opener = (as: RedisCredentials, data: Pick<RedisLinkSettings, 'database' | 'hasRole'>): OpenRedisLink => {
    const link: RedisLinkSettings = { ...as, ...data, tls, silenceMs };
    return (address, signal) => RedisLink.open(module, address, link, signal);
  };
  const openServer = opener(credentials, { database, hasRole: true });
  switch (servers.kind) {
    case 'single':
      return new SingleTopology(servers.address, openServer);
    case 'cluster':
      return new ClusterTopology(servers.nodes, openServer);
    case 'sentinel': {
      const { sentinels, masterName } = servers;
      const openSentinel = opener(servers.credentials, { database: 0, hasRole: false });
      return new SentinelTopology({ sentinels, masterName, openSentinel, openServer });
    }
  }
}
