import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { PersistenceDriver } from '../../src/core/persistence-driver.js';
import { PostgresDriver } from '../../src/drivers/postgres/driver.js';
import { RedisDriver } from '../../src/drivers/redis/driver.js';
import { SqliteDriver } from '../../src/drivers/sqlite/driver.js';
import { SqliteDatabase } from '../contract-suite/subjects/sqlite-database.js';
import { type FaultProxy, startFaultProxy } from '../support/servers/network/fault-proxy.js';
import { startRedis } from '../support/servers/redis/redis-server.js';
import { startPostgres } from '../support/servers/sql/postgres-server.js';
import type { TestServer } from '../support/servers/test-server.js';
import { type Fault, serverFaults } from './faults.js';

/** A backend, and the drivers of as many clients as there can be, each with a way of its own to it. */
export interface Backend {
  readonly drivers: readonly PersistenceDriver[];
  readonly faults: readonly Fault[];
  dispose(): Promise<void>;
}

/** The most clients that a history has. */
export const MOST_CLIENTS = 5;

/** Real backends, by name. */
export const BACKENDS = {
  redis: async (): Promise<Backend> => {
    const server = await startRedis({ appendfsync: 'always' });
    return onServer(server, (url) => new RedisDriver({ url, durability: 'host' }));
  },
  postgres: async (): Promise<Backend> => {
    const server = await startPostgres({ config: ['max_connections = 120'] });
    return onServer(server, (url) => new PostgresDriver({ url }));
  },
  sqlite: async (): Promise<Backend> => {
    const folder = mkdtempSync(join(tmpdir(), 'accountkeeper-linearizability-'));
    const path = join(folder, 'state.db');
    const drivers = Array.from({ length: MOST_CLIENTS }, () => new SqliteDriver({ path, busyTimeoutMs: 2_000 }));
    for (const driver of drivers) await driver.open();
    return {
      drivers,
      faults: [locked(new SqliteDatabase(path))],
      dispose: async () => {
        await Promise.all(drivers.map((driver) => driver.close()));
        rmSync(folder, { recursive: true, force: true });
      },
    };
  },
} as const satisfies Readonly<Record<string, () => Promise<Backend>>>;

/** The name of a {@link BACKENDS}. */
export type BackendName = keyof typeof BACKENDS;

async function onServer(server: TestServer, makeDriver: (url: string) => PersistenceDriver): Promise<Backend> {
  const first = await startFaultProxy(server);
  const proxies: [FaultProxy, ...FaultProxy[]] = [first];
  while (proxies.length < MOST_CLIENTS) proxies.push(await startFaultProxy(server));
  const drivers = proxies.map((proxy) => makeDriver(proxy.urlFor(server.url)));
  await Promise.all(drivers.map((driver) => driver.open()));
  return {
    drivers,
    faults: serverFaults(server, proxies),
    dispose: async () => {
      await Promise.allSettled(drivers.map((driver) => driver.close({ timeoutMs: 5_000 })));
      await Promise.all(proxies.map((proxy) => proxy.close()));
      await server.dispose();
    },
  };
}

/** Somebody else holds the lock for writing. */
function locked(database: SqliteDatabase): Fault {
  return async (random, progress) => {
    const connection = await database.connect();
    try {
      await connection.query('BEGIN IMMEDIATE');
      await progress.of(1 + random.below(10));
      await connection.query('ROLLBACK');
    } finally {
      await connection.disconnect();
    }
  };
}
