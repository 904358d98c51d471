import { RawRedis } from '../../contract-suite/subjects/redis-raw.js';
import {
  type ClaimedDurability,
  redisFaults,
  redisModule,
  redisSubject,
} from '../../contract-suite/subjects/redis-subject.js';
import { startFaultProxy } from '../../support/servers/network/fault-proxy.js';
import { startRedisCluster } from '../../support/servers/redis/redis-cluster.js';
import { startRedisSentinel } from '../../support/servers/redis/redis-sentinel.js';
import { startRedis } from '../../support/servers/redis/redis-server.js';
import type { TestServer } from '../../support/servers/test-server.js';
import { type MatrixSubject, packageVersions, type StartedSubject, TSX } from '../matrix-subject.js';
import { serverVersion } from '../server-version.js';

const PASSWORD = 'matrix-secret';

/** One server with an append-only file that is synced always. */
export const redis: MatrixSubject = {
  name: 'redis',
  start: async () => {
    const server = await startRedis({ password: PASSWORD, appendfsync: 'always' });
    const proxy = await startFaultProxy(server);
    const raw = new RawRedis([server], PASSWORD);
    const subject = redisSubject('redis', proxy.urlFor(server.url), 'host');
    const faults = redisFaults(server, raw, subject);
    // The server answers when it has committed; nothing of that arrives.
    const after = async (): Promise<() => Promise<void>> => {
      proxy.cutMidReply(0);
      return async () => proxy.heal();
    };
    return {
      subject: {
        ...subject,
        faults: { ...faults, failCommits: { ...faults.failCommits, after } },
        module: redisModule(server.url, 'host'),
        execArgv: TSX,
      },
      versions: versions(),
      dispose: async () => {
        await proxy.close();
        await server.dispose();
      },
    };
  },
};

/** Three masters with a replica each; what is stopped comes back before others have taken over for it. */
export const redisCluster: MatrixSubject = {
  name: 'redis cluster',
  start: async () => {
    const cluster = await startRedisCluster({ nodeTimeoutMs: 15_000 });
    return started('redis cluster', cluster, new RawRedis(cluster.nodes));
  },
};

/** A master and replicas watched by a trio of sentinels; what is stopped comes back before a replica has taken over. */
export const redisSentinel: MatrixSubject = {
  name: 'redis sentinel',
  start: async () => {
    const servers = await startRedisSentinel({ password: PASSWORD, downAfterMs: 20_000 });
    return started('redis sentinel', servers, new RawRedis(servers.dataNodes, PASSWORD));
  },
};

type Servers = Pick<TestServer, 'url' | 'stop' | 'start' | 'pause' | 'resume' | 'dispose'>;

function started(name: string, servers: Servers, raw: RawRedis): StartedSubject {
  const durability: ClaimedDurability = 'replicated';
  const subject = redisSubject(name, servers.url, durability);
  return {
    subject: {
      ...subject,
      faults: redisFaults(servers, raw, subject),
      module: redisModule(servers.url, durability),
      execArgv: TSX,
    },
    versions: versions(),
    dispose: () => servers.dispose(),
  };
}

function versions(): readonly string[] {
  return [serverVersion('redis-server'), ...packageVersions('keyv', '@keyv/redis')];
}
