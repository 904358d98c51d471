import { join } from 'node:path';
import { type FaultProxy, startFaultProxy } from '../../support/servers/network/fault-proxy.js';
import { startRedisCluster } from '../../support/servers/redis/redis-cluster.js';
import { startRedisSentinel } from '../../support/servers/redis/redis-sentinel.js';
import { startRedis } from '../../support/servers/redis/redis-server.js';
import { startPostgres } from '../../support/servers/sql/postgres-server.js';
import type { TestServer } from '../../support/servers/test-server.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

/** A backend of its own for one run. */
export interface Backend {
  readonly name: BackendName;
  /** The way to it that no fault of the network touches. */
  readonly url: string;
  /** SQLite has none. */
  readonly network?: Network;
  dispose(): Promise<void>;
}

/** What stands behind a URL with a host. */
export interface Network {
  /** The process of the backend, or all of them together. */
  readonly server: TestServer;
  /** The one server that takes the writes to a key now; where there are several. */
  leader?(key: string): Promise<TestServer>;
  /** How many replicas follow each leader; where there are any. Each of them may be the next leader. */
  readonly replicas?: number;
  /** Opens a way of its own to the server, which faults can be injected into. */
  connect(): Promise<FaultProxy>;
}

const PARTITIONS = 16;

const SERVERS = {
  // Fails as a host would: what was acknowledged is on the disk.
  redis: (config) => startRedis({ appendfsync: 'always', config }).then((server) => ({ server })),
  'redis-cluster': async (config) => {
    const server = await startRedisCluster({ config });
    return { server, replicas: 1, leader: (key) => server.masterOf(key) };
  },
  'redis-sentinel': async (config) => {
    const server = await startRedisSentinel({ config, replicas: 2 });
    return { server, replicas: 2, leader: () => server.master() };
  },
  'redis-masters': (config) => startRedisCluster({ config, replicas: 0 }).then((server) => ({ server })),
  postgres: (config) => startPostgres({ config }).then((server) => ({ server })),
  'postgres-partitioned': async (config) => {
    const server = await startPostgres({ config });
    await server.query(`SET ROLE ${server.user}; ${partitionedTable(PARTITIONS)}`);
    return { server };
  },
} as const satisfies Readonly<Record<string, (config: readonly string[]) => Promise<Omit<Network, 'connect'>>>>;

/** The backends that there are, by the names that runs call them. */
export type BackendName = 'sqlite' | keyof typeof SERVERS;

/** Starts a backend. @param config - further lines of the configuration file of its servers. */
export async function startBackend(name: BackendName, config: readonly string[] = []): Promise<Backend> {
  if (name === 'sqlite') {
    const url = `sqlite://${join(temporaryFolder('run'), 'state.db')}`;
    return { name, url, dispose: async () => undefined };
  }
  const started = await SERVERS[name](config);
  const { server } = started;
  const proxies: FaultProxy[] = [];
  const connect = async (): Promise<FaultProxy> => {
    const proxy = await startFaultProxy(server);
    proxies.push(proxy);
    return proxy;
  };
  const dispose = async (): Promise<void> => {
    await Promise.all(proxies.map((proxy) => proxy.close()));
    await server.dispose();
  };
  return { name, url: server.url, network: { ...started, connect }, dispose };
}

/** The statements that make the table of a driver, in partitions by the hash of the key. */
function partitionedTable(partitions: number): string {
  const part = (_: unknown, index: number): string =>
    `CREATE TABLE keyv_${index} PARTITION OF keyv FOR VALUES WITH (MODULUS ${partitions}, REMAINDER ${index})`;
  return [
    'CREATE TABLE keyv (key text COLLATE "C" PRIMARY KEY, value text) PARTITION BY HASH (key)',
    ...Array.from({ length: partitions }, part),
  ].join('; ');
}

/** The network of a backend that must have one. */
export function networkOf({ name, network }: Backend): Network {
  if (network === undefined) throw new Error(`${name} has no server`);
  return network;
}
