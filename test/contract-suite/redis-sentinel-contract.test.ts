import { afterAll, describe, it } from 'vitest';
import { runDriverContract } from '../contract/index.js';
import { startRedisSentinel } from '../support/servers/redis/redis-sentinel.js';
import { RawRedis } from './subjects/redis-raw.js';
import { redisFaults, redisModule, redisSubject } from './subjects/redis-subject.js';

const password = 'contract-secret';
// What the suite stops and pauses comes back before a replica has taken over for it.
const servers = await startRedisSentinel({ password, downAfterMs: 20_000 });
const raw = new RawRedis(servers.dataNodes, password);

afterAll(() => servers.dispose());

const subject = redisSubject('redis sentinel', servers.url, 'replicated');

runDriverContract(
  { describe, it },
  {
    ...subject,
    faults: redisFaults(servers, raw, subject),
    module: redisModule(servers.url, 'replicated'),
    execArgv: ['--import', 'tsx'],
  },
  { require: 'claimed' },
);
