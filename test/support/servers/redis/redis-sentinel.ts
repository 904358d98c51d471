import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { poll } from '../poll.js';
import { type Place, PrivateServer, type ServerKind } from '../private-server.js';
import { ServerGroup, startTogether } from '../server-group.js';
import { serverProgram } from '../server-programs.js';
import type { TestServer } from '../test-server.js';
import { redisCli } from './redis-cli.js';
import { type RedisTestServer, startRedis } from './redis-server.js';

export interface RedisSentinelOptions {
  /** @default 2 */
  readonly replicas?: number;
  /** @default 3 */
  readonly sentinels?: number;
  /** In ms, of silence, until a master is taken for dead. @default 1000 */
  readonly downAfterMs?: number;
  /** Of the data nodes. @default none */
  readonly password?: string;
  /** Further lines of each data node's configuration file. */
  readonly config?: readonly string[];
}

export interface RedisSentinel extends TestServer {
  /** The name under which the sentinels know the master. */
  readonly masterName: string;
  /** The master of the start first. */
  readonly dataNodes: readonly RedisTestServer[];
  readonly sentinels: readonly SentinelServer[];
  /** The present one, as a majority of the sentinels says. */
  master(): Promise<RedisTestServer>;
  /** Resolves when all sentinels that run agree on a master that runs, and all other data nodes that run are in sync with it. */
  settled(): Promise<void>;
  /** Resolves when all replicas have what was written: whichever of them is elected has it then. */
  copied(): Promise<void>;
}

const masterName = 'mymaster';

// Each attempt asks all sentinels, whose agreement takes seconds.
const pace = { intervalMs: 80, deadlineMs: 30_000 };

/** Starts a master, its replicas, and the sentinels that watch over them, and resolves when all know each other. */
export async function startRedisSentinel(options: RedisSentinelOptions = {}): Promise<RedisSentinel> {
  const { replicas = 2, sentinels = 3, password, config = [] } = options;
  const shared = {
    config: ['repl-ping-replica-period 1', ...config],
    // A master may become a replica: all of them have to be able to log in to each other.
    ...(password === undefined ? {} : { password }),
  };
  const master = await startRedis(shared);
  const starts = Array.from({ length: replicas }, () =>
    startRedis({ ...shared, replicaOf: addressOf(master, password) }),
  );
  const followers = await startTogether(starts).catch((error: unknown) => endBefore([master], error));
  const dataNodes = [master, ...followers];
  const watchers = Array.from({ length: sentinels }, () => new SentinelServer(master, options).create());
  const started = await startTogether(watchers).catch((error: unknown) => endBefore(dataNodes, error));
  const whole = new Sentinel(dataNodes, started, password);
  try {
    await whole.settled();
    return whole;
  } catch (error) {
    await whole.dispose();
    throw error;
  }
}

/** One sentinel process. */
export class SentinelServer extends PrivateServer {
  constructor(master: RedisTestServer, options: RedisSentinelOptions) {
    super(sentinelKind(master, options));
  }

  /** Runs one command; an array's elements come one a line. */
  cli(...args: readonly string[]): Promise<string> {
    return redisCli(this.place, args);
  }
}

function sentinelKind(master: RedisTestServer, options: RedisSentinelOptions): ServerKind {
  const { downAfterMs = 1_000, sentinels = 3, password } = options;
  const quorum = Math.floor(sentinels / 2) + 1;
  return {
    name: 'sentinel',
    stopSignal: 'SIGTERM',
    url: ({ host, port }) => `redis://${host}:${port}`,
    // It keeps its state in this file: it is not written again at a later start.
    prepare: (place) => {
      const lines = [
        `bind ${place.host}`,
        `port ${place.port}`,
        `dir "${place.folder}"`,
        'daemonize no',
        `sentinel monitor ${masterName} ${master.host} ${master.port} ${quorum}`,
        `sentinel down-after-milliseconds ${masterName} ${downAfterMs}`,
        `sentinel failover-timeout ${masterName} ${downAfterMs * 3}`,
        `sentinel parallel-syncs ${masterName} 2`,
        ...(password === undefined ? [] : [`sentinel auth-pass ${masterName} "${password}"`]),
      ];
      writeFileSync(configFile(place), `${lines.join('\n')}\n`, { mode: 0o600 });
    },
    command: (place) => [serverProgram('redis-server'), configFile(place), '--sentinel'],
    answers: async (place) => (await redisCli(place, ['PING'])) === 'PONG',
  };
}

class Sentinel extends ServerGroup implements RedisSentinel {
  readonly masterName: string = masterName;
  readonly dataNodes: readonly RedisTestServer[];
  readonly sentinels: readonly SentinelServer[];
  readonly #password: string | undefined;

  constructor(
    dataNodes: readonly RedisTestServer[],
    sentinels: readonly SentinelServer[],
    password: string | undefined,
  ) {
    super([...dataNodes, ...sentinels]);
    this.dataNodes = dataNodes;
    this.sentinels = sentinels;
    this.#password = password;
  }

  get url(): string {
    const credentials = this.#password === undefined ? '' : `:${encodeURIComponent(this.#password)}@`;
    const addresses = this.sentinels.map(({ host, port }) => `${host}:${port}`).join(',');
    return `redis+sentinel://${credentials}${addresses}/${masterName}`;
  }

  get host(): string {
    return this.#first.host;
  }

  /** Of the first sentinel. */
  get port(): number {
    return this.#first.port;
  }

  get #first(): SentinelServer {
    const [first] = this.sentinels;
    if (first === undefined) throw new Error('at least one sentinel is needed');
    return first;
  }

  get #runningSentinels(): readonly SentinelServer[] {
    return this.sentinels.filter(({ pid }) => pid !== undefined);
  }

  async master(): Promise<RedisTestServer> {
    const attempt = async (): Promise<RedisTestServer | undefined> => {
      const named = await Promise.all(this.#runningSentinels.map((sentinel) => masterPort(sentinel)));
      return this.dataNodes.find(({ port }) => named.filter((one) => one === port).length * 2 > this.sentinels.length);
    };
    return poll('the sentinels to name a master', attempt, pace);
  }

  async settled(): Promise<void> {
    const attempt = async (): Promise<true | undefined> => {
      const sentinels = this.#runningSentinels;
      const views = await Promise.all(sentinels.map(viewOfMaster));
      const running = this.dataNodes.filter(({ pid }) => pid !== undefined);
      const master = running.find(({ port }) => views.every((view) => view.get('port') === String(port)));
      if (master === undefined) return undefined;
      const knowEachOther = views.every(
        (view) =>
          view.get('flags') === 'master' &&
          view.get('num-slaves') === String(this.dataNodes.length - 1) &&
          view.get('num-other-sentinels') === String(this.sentinels.length - 1),
      );
      if (!knowEachOther) return undefined;
      await Promise.all(sentinels.map((sentinel) => sentinel.cli('SENTINEL', 'CKQUORUM', masterName)));
      const states = await Promise.all(running.map((node) => isInPlace(node, master)));
      return states.every(Boolean) || undefined;
    };
    await poll('the sentinels to agree on a master in sync', attempt, pace);
  }

  async copied(): Promise<void> {
    const replicas = String(this.dataNodes.length - 1);
    await poll('all replicas to have what was written', async () => {
      const master = await this.master();
      return (await master.cliLines('SET copied 1', `WAIT ${replicas} 1000`)).endsWith(replicas) || undefined;
    });
  }

  override async start(): Promise<void> {
    await super.start();
    await this.#demoteFormerMasters();
    await this.settled();
  }

  /** The sentinels would do it too, but not before they have watched a returning master for eight seconds. */
  async #demoteFormerMasters(): Promise<void> {
    const master = await this.master();
    const others = this.dataNodes.filter((node) => node !== master && node.pid !== undefined);
    await Promise.all(others.map((node) => poll('a former master to follow', () => demote(node, master))));
  }
}

/** Rejects while the node is still loading. */
async function demote(node: RedisTestServer, master: RedisTestServer): Promise<true> {
  const role = (await node.info('replication')).get('role');
  if (role === 'master') await node.cli('REPLICAOF', master.host, String(master.port));
  return true;
}

async function masterPort(sentinel: SentinelServer): Promise<number> {
  const reply = await sentinel.cli('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', masterName);
  return Number(reply.split('\n')[1]);
}

/** The reply is a list of names and values in turn. */
async function viewOfMaster(sentinel: SentinelServer): Promise<ReadonlyMap<string, string>> {
  const lines = (await sentinel.cli('SENTINEL', 'MASTER', masterName)).split('\n');
  return new Map(lines.flatMap((line, index) => (index % 2 === 0 ? [[line, lines[index + 1] ?? ''] as const] : [])));
}

async function isInPlace(node: RedisTestServer, master: RedisTestServer): Promise<boolean> {
  const info = await node.info('replication');
  if (node === master) return info.get('role') === 'master';
  return info.get('master_link_status') === 'up' && info.get('master_port') === String(master.port);
}

function addressOf({ host, port }: RedisTestServer, password: string | undefined): { host: string; port: number } {
  return { host, port, ...(password === undefined ? {} : { password }) };
}

function configFile({ folder }: Place): string {
  return join(folder, 'sentinel.conf');
}

async function endBefore(started: readonly RedisTestServer[], error: unknown): Promise<never> {
  await new ServerGroup(started).dispose();
  throw error;
}
