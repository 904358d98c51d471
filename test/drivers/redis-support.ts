import type { DriverWarning } from '../../src/core/persistence-driver.js';
import type { RedisAdapterImporter } from '../../src/drivers/redis-adapter.js';
import { RedisDriver, type RedisDriverOptions } from '../../src/drivers/redis-driver.js';
import { type FaultProxy, startFaultProxy } from '../support/servers/fault-proxy.js';
import { type RedisOptions, type RedisTestServer, startRedis } from '../support/servers/redis-server.js';
import { afterTest, closing } from './support.js';

/** A driver that is closed after the test. */
export function redis(options: RedisDriverOptions, importer?: RedisAdapterImporter): RedisDriver {
  return closing(importer === undefined ? new RedisDriver(options) : new RedisDriver(options, importer));
}

/** A server that is gone after the test. */
export async function redisServer(options: RedisOptions = {}): Promise<RedisTestServer> {
  const server = await startRedis(options);
  afterTest(() => server.dispose());
  return server;
}

/** A proxy before the server, closed after the test. */
export async function proxyBefore(server: { readonly host: string; readonly port: number }): Promise<FaultProxy> {
  const proxy = await startFaultProxy(server);
  afterTest(() => proxy.close());
  return proxy;
}

/** The codes of the warnings with which a new driver opens. */
export async function warningsOf(options: RedisDriverOptions): Promise<readonly string[]> {
  const warnings: DriverWarning[] = [];
  await redis(options).open({ onWarning: (warning) => warnings.push(warning) });
  return warnings.map(({ code }) => code).sort();
}

/** How often the server was called with a command. */
export async function callsOf(server: RedisTestServer, command: string): Promise<number> {
  const stats = await server.info('commandstats');
  return Number(/calls=(\d+)/.exec(stats.get(`cmdstat_${command}`) ?? '')?.[1] ?? 0);
}
