import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import type { DriverWarning } from '../../../src/core/persistence-driver.js';
import { importKeyvRedis, type RedisAdapterImporter } from '../../../src/drivers/redis/adapter.js';
import { RedisDriver, type RedisDriverOptions } from '../../../src/drivers/redis/driver.js';
import { type FaultProxy, startFaultProxy } from '../../support/servers/network/fault-proxy.js';
import { type RedisOptions, type RedisTestServer, startRedis } from '../../support/servers/redis/redis-server.js';
import { afterTest, closing } from '../support.js';

/** A driver that is closed after the test. */
export function redis(options: RedisDriverOptions, importer?: RedisAdapterImporter): RedisDriver {
  return closing(importer === undefined ? new RedisDriver(options) : new RedisDriver(options, importer));
}

/** An importer whose clients send each command, to the server on the port, as `around` says. */
export function sendingBy(
  around: (command: readonly string[], send: () => Promise<unknown>, port: number) => Promise<unknown>,
): RedisAdapterImporter {
  return async () => {
    const { default: Adapter, createClient } = await importKeyvRedis();
    return {
      default: Adapter,
      createClient: (options) => {
        const client = createClient(options);
        const send = client.sendCommand.bind(client);
        client.sendCommand = (command, form) => around(command, () => send(command, form), options.socket.port);
        return client;
      },
    };
  };
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

/** A name that leads to one server, and to another one for those who connect after `leadTo`. */
export interface MovableName {
  readonly host: string;
  readonly port: number;
  leadTo(server: RedisTestServer): void;
}

/** A name that leads to the server at first; gone after the test. */
export async function nameOf(server: RedisTestServer): Promise<MovableName> {
  let target = server;
  const sockets = new Set<Socket>();
  const listener = createServer((near) => {
    const far = connect(target.port, target.host);
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(socket);
      socket.on('error', () => undefined).on('close', () => other.destroy());
      socket.pipe(other);
    }
  });
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  afterTest(async () => {
    listener.close();
    for (const socket of sockets) socket.destroy();
  });
  const { port } = listener.address() as { readonly port: number };
  return {
    host: '127.0.0.1',
    port,
    leadTo: (other) => {
      target = other;
    },
  };
}

/** The ports of servers that accept connections and say nothing, and how many connections they have; gone after the test. */
export async function silentServers(
  count: number,
): Promise<{ readonly ports: readonly number[]; connections(): number }> {
  const sockets = new Set<Socket>();
  const ports: number[] = [];
  for (let made = 0; made < count; made += 1) {
    const silent = createServer((socket) => {
      sockets.add(socket);
      socket.on('error', () => undefined).on('close', () => sockets.delete(socket));
      socket.resume();
    });
    silent.listen(0, '127.0.0.1');
    await once(silent, 'listening');
    afterTest(async () => {
      silent.close();
      for (const socket of sockets) socket.destroy();
    });
    ports.push((silent.address() as { readonly port: number }).port);
  }
  return { ports, connections: () => sockets.size };
}

/** Milliseconds that the work takes. */
export async function takes(work: () => Promise<unknown>): Promise<number> {
  const from = performance.now();
  await work();
  return performance.now() - from;
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
