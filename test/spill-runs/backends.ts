import { type FaultProxy, startFaultProxy } from '../support/servers/network/fault-proxy.js';
import { startRedis } from '../support/servers/redis/redis-server.js';
import { startPostgres } from '../support/servers/sql/postgres-server.js';
import type { TestServer } from '../support/servers/test-server.js';
import type { Outage } from './run-plan.js';

/** A backend that can be taken away. */
export class SpillBackend {
  readonly proxy: FaultProxy;
  readonly #server: TestServer;

  constructor(server: TestServer, proxy: FaultProxy) {
    this.#server = server;
    this.proxy = proxy;
  }

  /** The way to the backend that no fault of the network touches. */
  get url(): string {
    return this.#server.url;
  }

  /** Resolves when it is away. Returns what brings it back. */
  async takeAway(outage: Outage): Promise<() => Promise<void>> {
    const server = this.#server;
    switch (outage) {
      case 'killed':
        await server.kill();
        return () => server.start();
      case 'stopped':
        await server.stop();
        return () => server.start();
      case 'paused':
        await server.pause();
        return () => server.resume();
      case 'refused':
        await this.proxy.refuse();
        return () => this.proxy.heal();
      case 'lost':
      case 'answers-lost':
        this.proxy.blackHole(outage === 'lost' ? 'both' : 'to-client');
        return async () => {
          // A connection that has lost something will not be right again.
          this.proxy.cut();
          await this.proxy.heal();
        };
    }
  }

  async dispose(): Promise<void> {
    await this.proxy.close();
    await this.#server.dispose();
  }
}

/** The backends that are taken away, by the name of the driver. */
export const SPILL_BACKENDS = {
  redis: async (): Promise<SpillBackend> => behindProxy(await startRedis({ appendfsync: 'always' })),
  postgres: async (): Promise<SpillBackend> => behindProxy(await startPostgres()),
} as const satisfies Readonly<Record<string, () => Promise<SpillBackend>>>;

/** The name of a {@link SPILL_BACKENDS}. */
export type SpillBackendName = keyof typeof SPILL_BACKENDS;

async function behindProxy(server: TestServer): Promise<SpillBackend> {
  return new SpillBackend(server, await startFaultProxy(server));
}
