import { afterAll, describe, it } from 'vitest';
import { runDriverContract } from '../contract/index.js';
import { startRedisCluster } from '../support/servers/redis/redis-cluster.js';
import { RawRedis } from './subjects/redis-raw.js';
import { redisFaults, redisModule, redisSubject } from './subjects/redis-subject.js';

// What the suite stops and pauses comes back before the others have taken over for it.
const cluster = await startRedisCluster({ nodeTimeoutMs: 15_000 });
const raw = new RawRedis(cluster.nodes);

afterAll(() => cluster.dispose());

const subject = redisSubject('redis cluster', cluster.url, 'replicated');

runDriverContract(
  { describe, it },
  {
    ...subject,
    faults: redisFaults(cluster, raw, subject),
    module: redisModule(cluster.url, 'replicated'),
    execArgv: ['--import', 'tsx'],
  },
  { require: 'claimed' },
);
