import { freePort } from '../network/free-port.js';
import { poll } from '../poll.js';
import { ServerGroup, startTogether } from '../server-group.js';
import type { TestServer } from '../test-server.js';
import { parseInfo } from './redis-cli.js';
import { type RedisTestServer, startRedis } from './redis-server.js';

export interface RedisClusterOptions {
  /** @default 3 */
  readonly masters?: number;
  /** Of each master. @default 1 */
  readonly replicas?: number;
  /** A master without so many replicas in reach refuses writes. @default 0 */
  readonly minReplicasToWrite?: number;
  /** In ms; a failover takes about twice as long. @default 1000 */
  readonly nodeTimeoutMs?: number;
  /** Further lines of each node's configuration file. */
  readonly config?: readonly string[];
}

export interface RedisCluster extends TestServer {
  /** Masters first, as they were at the start. */
  readonly nodes: readonly RedisTestServer[];
  /** The node that serves a key's slot, as a majority of the nodes that answer sees it. */
  masterOf(key: string): Promise<RedisTestServer>;
  /** The nodes that follow this one now. */
  replicasOf(master: RedisTestServer): Promise<readonly RedisTestServer[]>;
  /** Resolves when all nodes that run say `cluster_state:ok`, agree on who serves which slots, and every replica is in sync. */
  settled(): Promise<void>;
}

const slotCount = 16_384;

// Each attempt asks all nodes, whose agreement takes seconds.
const pace = { intervalMs: 80, deadlineMs: 30_000 };

/** Starts a Redis Cluster, and resolves when it takes writes and every replica is in sync. */
export async function startRedisCluster(options: RedisClusterOptions = {}): Promise<RedisCluster> {
  const { masters = 3, replicas = 1 } = options;
  const starts = Array.from({ length: masters * (1 + replicas) }, () => startNode(options));
  const cluster = new Cluster(await startTogether(starts));
  try {
    await cluster.form(masters);
    return cluster;
  } catch (error) {
    await cluster.dispose();
    throw error;
  }
}

async function startNode(options: RedisClusterOptions): Promise<RedisTestServer> {
  const { minReplicasToWrite = 0, nodeTimeoutMs = 1_000, config = [] } = options;
  return startRedis({
    config: [
      'cluster-enabled yes',
      `cluster-port ${await freePort()}`,
      `cluster-node-timeout ${nodeTimeoutMs}`,
      // Whatever its lag, a replica may take over, and it stays with its master's slots.
      'cluster-replica-validity-factor 0',
      'cluster-allow-replica-migration no',
      `min-replicas-to-write ${minReplicasToWrite}`,
      'min-replicas-max-lag 2',
      'repl-ping-replica-period 1',
      ...config,
    ],
  });
}

/** One line of CLUSTER NODES. */
interface NodeView {
  readonly id: string;
  readonly port: number;
  readonly flags: readonly string[];
  readonly masterId: string;
  readonly slots: readonly (readonly [first: number, last: number])[];
}

class Cluster extends ServerGroup implements RedisCluster {
  readonly nodes: readonly RedisTestServer[];

  constructor(nodes: readonly RedisTestServer[]) {
    super(nodes);
    this.nodes = nodes;
  }

  get url(): string {
    return `redis+cluster://${this.nodes.map(({ host, port }) => `${host}:${port}`).join(',')}`;
  }

  get host(): string {
    return this.#first.host;
  }

  /** Of the first node. */
  get port(): number {
    return this.#first.port;
  }

  get #first(): RedisTestServer {
    const [first] = this.nodes;
    if (first === undefined) throw new Error('a cluster has nodes');
    return first;
  }

  get #running(): readonly RedisTestServer[] {
    return this.nodes.filter(({ pid }) => pid !== undefined);
  }

  async form(masterCount: number): Promise<void> {
    const { nodes } = this;
    const masters = nodes.slice(0, masterCount);
    await Promise.all(nodes.map((node, index) => node.cli('CLUSTER', 'SET-CONFIG-EPOCH', String(index + 1))));
    await Promise.all(
      masters.map((master, index) => {
        const first = Math.floor((slotCount * index) / masterCount);
        const last = Math.floor((slotCount * (index + 1)) / masterCount) - 1;
        return master.cli('CLUSTER', 'ADDSLOTSRANGE', String(first), String(last));
      }),
    );
    // Everyone meets everyone: gossip would take seconds to spread the news.
    await Promise.all(nodes.map((node, index) => meet(node, nodes.slice(index + 1))));
    await poll('the nodes to know each other', async () => {
      const views = await Promise.all(nodes.map(viewOf));
      return views.every((view) => view.length === nodes.length && !view.some(isStranger)) || undefined;
    });
    const ids = await Promise.all(masters.map((master) => master.cli('CLUSTER', 'MYID')));
    const followers = nodes.slice(masterCount);
    await Promise.all(followers.map((node, index) => node.cli('CLUSTER', 'REPLICATE', ids[index % masterCount] ?? '')));
    await this.settled();
  }

  async masterOf(key: string): Promise<RedisTestServer> {
    const attempt = async (): Promise<RedisTestServer | undefined> => {
      const running = this.#running;
      const slot = Number(await this.#any((node) => node.cli('CLUSTER', 'KEYSLOT', key)));
      const ports = await Promise.all(running.map((node) => masterPort(node, slot).catch(() => undefined)));
      return running.find(({ port }) => ports.filter((seen) => seen === port).length * 2 > this.nodes.length);
    };
    return poll(`a master of ${key}`, attempt, pace);
  }

  async replicasOf(master: RedisTestServer): Promise<readonly RedisTestServer[]> {
    const view = await viewOf(master);
    const id = view.find(({ port }) => port === master.port)?.id;
    return this.nodes.filter(({ port }) => view.some((node) => node.port === port && node.masterId === id));
  }

  async settled(): Promise<void> {
    const attempt = async (): Promise<true | undefined> => {
      const running = this.#running;
      const states = await Promise.all(running.map(isSettled));
      if (!states.every(Boolean)) return undefined;
      // Asked last, when every node has noticed whom it has not heard of for too long.
      const views = await Promise.all(running.map((node) => servingView(node, running)));
      return (!views.includes(undefined) && new Set(views).size === 1) || undefined;
    };
    await poll('the cluster to settle', attempt, pace);
  }

  override async start(): Promise<void> {
    await super.start();
    await this.settled();
  }

  #any<T>(ask: (node: RedisTestServer) => Promise<T>): Promise<T> {
    return Promise.any(this.#running.map(ask));
  }
}

async function meet(node: RedisTestServer, others: readonly RedisTestServer[]): Promise<void> {
  for (const other of others) {
    const [, busPort = ''] = (await other.cli('CONFIG', 'GET', 'cluster-port')).split('\n');
    await node.cli('CLUSTER', 'MEET', other.host, String(other.port), busPort);
  }
}

async function viewOf(node: RedisTestServer): Promise<readonly NodeView[]> {
  const lines = (await node.cli('CLUSTER', 'NODES')).split('\n').filter((line) => line !== '');
  return lines.map((line) => {
    const [id = '', address = '', flags = '', masterId = '', , , , , ...slots] = line.split(' ');
    return {
      id,
      port: Number(/:(\d+)@/.exec(address)?.[1]),
      flags: flags.split(','),
      masterId,
      slots: slots.map((range) => {
        const [first = Number.NaN, last = first] = range.split('-').map(Number);
        return [first, last] as const;
      }),
    };
  });
}

function isStranger({ flags }: NodeView): boolean {
  return flags.some((flag) => flag === 'handshake' || flag === 'noaddr');
}

async function masterPort(node: RedisTestServer, slot: number): Promise<number | undefined> {
  const view = await viewOf(node);
  const master = view.find(({ slots }) => slots.some(([first, last]) => first <= slot && slot <= last));
  return master === undefined || master.flags.includes('fail') ? undefined : master.port;
}

/** Who serves which slots, in one string; undefined while one of the running nodes seems to have failed. */
async function servingView(node: RedisTestServer, running: readonly RedisTestServer[]): Promise<string | undefined> {
  const view = await viewOf(node);
  const seemsGone = ({ port, flags }: NodeView): boolean =>
    running.some((other) => other.port === port) && flags.some((flag) => flag.startsWith('fail'));
  if (view.some(seemsGone)) return undefined;
  return view
    .map(({ port, slots, masterId }) => `${port} ${slots.join(' ')} ${masterId}`)
    .sort()
    .join('\n');
}

async function isSettled(node: RedisTestServer): Promise<boolean> {
  if (parseInfo(await node.cli('CLUSTER', 'INFO')).get('cluster_state') !== 'ok') return false;
  const replication = await node.info('replication');
  return replication.get('role') === 'master' || replication.get('master_link_status') === 'up';
}
