import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from './network/free-port.js';
import { type Place, PrivateServer, type ServerKind } from './private-server.js';
import { serverProgram } from './server-programs.js';
import type { TestServer } from './test-server.js';

export interface EtcdOptions {
  /** Further options of etcd: `'--max-request-bytes=65536'`. */
  readonly options?: readonly string[];
}

export interface EtcdTestServer extends TestServer {
  /** Undefined while it does not run. */
  readonly pid: number | undefined;
  /** Where its files are. */
  readonly folder: string;
  /** `host:port`, for clients that want no URL. */
  readonly endpoint: string;
}

/** Starts an etcd server of one member in a folder of its own. */
export function startEtcd({ options = [] }: EtcdOptions = {}): Promise<EtcdTestServer> {
  return new EtcdServer(etcdKind(options)).create();
}

class EtcdServer extends PrivateServer implements EtcdTestServer {
  get endpoint(): string {
    return `${this.host}:${this.port}`;
  }
}

function etcdKind(options: readonly string[]): ServerKind {
  let peerPort = 0;
  return {
    name: 'etcd',
    stopSignal: 'SIGTERM',
    url: ({ host, port }) => `etcd://${host}:${port}`,
    prepare: async (place) => {
      rmSync(dataFolder(place), { recursive: true, force: true });
      peerPort = await freePort();
    },
    command: (place) => {
      const client = `http://${place.host}:${place.port}`;
      const peer = `http://${place.host}:${peerPort}`;
      return [
        serverProgram('etcd'),
        '--name=single',
        `--data-dir=${dataFolder(place)}`,
        `--listen-client-urls=${client}`,
        `--advertise-client-urls=${client}`,
        `--listen-peer-urls=${peer}`,
        `--initial-advertise-peer-urls=${peer}`,
        `--initial-cluster=single=${peer}`,
        '--logger=zap',
        '--log-level=warn',
        // It elects itself: there is nobody to wait for.
        '--heartbeat-interval=20',
        '--election-timeout=200',
        ...options,
      ];
    },
    answers: async ({ host, port }) => {
      const response = await fetch(`http://${host}:${port}/health`, { signal: AbortSignal.timeout(2_000) });
      const { health } = (await response.json()) as { health?: unknown };
      return health === 'true';
    },
  };
}

function dataFolder({ folder }: Place): string {
  return join(folder, 'data');
}
