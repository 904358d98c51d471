import { startRedisCluster } from '../support/servers/redis/redis-cluster.js';
import { startRedisSentinel } from '../support/servers/redis/redis-sentinel.js';
import { startRedis } from '../support/servers/redis/redis-server.js';
import { startPostgres } from '../support/servers/sql/postgres-server.js';
import type { TestServer } from '../support/servers/test-server.js';

/** A server, or several, that a store is loaded against. */
export type RestartBackend = Pick<TestServer, 'url' | 'stop' | 'kill' | 'start' | 'dispose'>;

/** The backends whose restarts are tried, by name. */
export const RESTART_BACKENDS = {
  redis: () => startRedis({ appendfsync: 'always' }),
  'redis-cluster': () => startRedisCluster(),
  'redis-sentinel': () => startRedisSentinel(),
  postgres: () => startPostgres(),
} as const satisfies Readonly<Record<string, () => Promise<RestartBackend>>>;

/** The name of a {@link RESTART_BACKENDS}. */
export type RestartBackendName = keyof typeof RESTART_BACKENDS;
