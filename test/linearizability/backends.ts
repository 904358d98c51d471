import { join } from 'node:path';
import type { PersistenceDriver } from '../../src/core/persistence-driver.js';
import { PostgresDriver } from '../../src/drivers/postgres/driver.js';
import { RedisDriver } from '../../src/drivers/redis/driver.js';
import { SqliteDriver } from '../../src/drivers/sqlite/driver.js';
import { SqliteDatabase } from '../contract-suite/subjects/sqlite-database.js';
import { networkOf, startBackend } from '../runs/harness/backends.js';
import type { FaultProxy } from '../support/servers/network/fault-proxy.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { type DrawFault, serverFaults } from './faults.js';

/** A backend, and the drivers of as many clients as there can be, each with a way of its own to it. */
export interface Backend {
  readonly drivers: readonly PersistenceDriver[];
  readonly faults: readonly [DrawFault, ...DrawFault[]];
  dispose(): Promise<void>;
}

/** The most clients that a history has. */
export const MOST_CLIENTS = 5;

/** Real backends, by name. */
export const BACKENDS = {
  redis: (): Promise<Backend> => onServer('redis', (url) => new RedisDriver({ url, durability: 'host' })),
  postgres: (): Promise<Backend> =>
    onServer('postgres', (url) => new PostgresDriver({ url }), ['max_connections = 120']),
  sqlite: async (): Promise<Backend> => {
    const path = join(temporaryFolder('linearizability'), 'state.db');
    const drivers = Array.from({ length: MOST_CLIENTS }, () => new SqliteDriver({ path, busyTimeoutMs: 2_000 }));
    for (const driver of drivers) await driver.open();
    return {
      drivers,
      faults: [locked(new SqliteDatabase(path))],
      dispose: async () => {
        await Promise.all(drivers.map((driver) => driver.close()));
      },
    };
  },
} as const satisfies Readonly<Record<string, () => Promise<Backend>>>;

/** The name of a {@link BACKENDS}. */
export type BackendName = keyof typeof BACKENDS;

async function onServer(
  name: 'redis' | 'postgres',
  makeDriver: (url: string) => PersistenceDriver,
  config: readonly string[] = [],
): Promise<Backend> {
  const backend = await startBackend(name, config);
  const { connect, server } = networkOf(backend);
  const proxies: [FaultProxy, ...FaultProxy[]] = [await connect()];
  while (proxies.length < MOST_CLIENTS) proxies.push(await connect());
  const drivers = proxies.map((proxy) => makeDriver(proxy.urlFor(backend.url)));
  await Promise.all(drivers.map((driver) => driver.open()));
  return {
    drivers,
    faults: serverFaults(server, proxies),
    dispose: async () => {
      await Promise.allSettled(drivers.map((driver) => driver.close({ timeoutMs: 5_000 })));
      await backend.dispose();
    },
  };
}

/** Somebody else holds the lock for writing. */
function locked(database: SqliteDatabase): DrawFault {
  const inject = async (): Promise<() => Promise<void>> => {
    const connection = await database.connect();
    await connection.query('BEGIN IMMEDIATE');
    return async () => {
      await connection.query('ROLLBACK');
      await connection.disconnect();
    };
  };
  return () => ({ fault: { inject }, operations: 10 });
}
