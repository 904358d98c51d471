import { startRedisCluster } from '../support/servers/redis/redis-cluster.js';
import { startRedisSentinel } from '../support/servers/redis/redis-sentinel.js';
import type { FailoverBackend } from './failover-run.js';

/** A running backend, and what ends it. */
export interface StartedBackend {
  readonly backend: FailoverBackend;
  dispose(): Promise<void>;
}

const CONFIG = ['min-replicas-to-write 1', 'min-replicas-max-lag 2'];

/** The backends that fail over, by name; each refuses writes that no replica can take (`min-replicas-to-write 1`). */
export const FAILOVER_BACKENDS = {
  'redis-cluster': async (): Promise<StartedBackend> => {
    const cluster = await startRedisCluster({ config: CONFIG });
    return {
      backend: { url: cluster.url, replicas: 1, leader: (key) => cluster.masterOf(key) },
      dispose: () => cluster.dispose(),
    };
  },
  'redis-sentinel': async (): Promise<StartedBackend> => {
    const sentinel = await startRedisSentinel({ replicas: 2, config: CONFIG });
    return {
      backend: { url: sentinel.url, replicas: 2, leader: () => sentinel.master() },
      dispose: () => sentinel.dispose(),
    };
  },
} as const satisfies Readonly<Record<string, () => Promise<StartedBackend>>>;

/** The name of a {@link FAILOVER_BACKENDS}. */
export type FailoverBackendName = keyof typeof FAILOVER_BACKENDS;
