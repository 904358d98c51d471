import { CRASH_BACKENDS } from '../crash/backends.js';
import { type FaultProxy, startFaultProxy } from '../support/servers/network/fault-proxy.js';
import { startRedis } from '../support/servers/redis/redis-server.js';
import { startPostgres } from '../support/servers/sql/postgres-server.js';
import type { TestServer } from '../support/servers/test-server.js';

/** Where two workers meet. */
export interface TakeOverBackend {
  /** The way to the backend that no fault touches. */
  readonly url: string;
  /** Whether an owner that is stopped in the middle of a commit keeps everybody else out until it goes on. */
  readonly holdsLocks: boolean;
  /** The process of the backend; SQLite has none. */
  readonly server?: Pick<TestServer, 'kill' | 'start' | 'pause' | 'resume'>;
  /** A worker's own network; SQLite has none. */
  readonly connect?: () => Promise<FaultProxy>;
  dispose(): Promise<void>;
}

/** The backends on which accounts are taken over, by the name of the driver. */
export const TAKE_OVER_BACKENDS = {
  sqlite: async (): Promise<TakeOverBackend> => {
    const { url, dispose } = await CRASH_BACKENDS.sqlite();
    return { url, holdsLocks: true, dispose };
  },
  redis: async (): Promise<TakeOverBackend> => overNetwork(await startRedis({ appendfsync: 'always' })),
  postgres: async (): Promise<TakeOverBackend> => overNetwork(await startPostgres()),
} as const satisfies Readonly<Record<string, () => Promise<TakeOverBackend>>>;

/** The name of a {@link TAKE_OVER_BACKENDS}. */
export type TakeOverBackendName = keyof typeof TAKE_OVER_BACKENDS;

function overNetwork(server: TestServer): TakeOverBackend {
  const proxies: FaultProxy[] = [];
  return {
    url: server.url,
    // A commit is sent in one piece, and is done with whether or not its sender goes on.
    holdsLocks: false,
    server,
    connect: async () => {
      const proxy = await startFaultProxy(server);
      proxies.push(proxy);
      return proxy;
    },
    dispose: async () => {
      await Promise.all(proxies.map((proxy) => proxy.close()));
      await server.dispose();
    },
  };
}
