import { afterAll, describe, it } from 'vitest';
import { runDriverContract } from '../contract/index.js';
import { startFaultProxy } from '../support/servers/network/fault-proxy.js';
import { startRedis } from '../support/servers/redis/redis-server.js';
import { RawRedis } from './subjects/redis-raw.js';
import { redisFaults, redisModule, redisSubject } from './subjects/redis-subject.js';

const password = 'contract-secret';
const server = await startRedis({ password, appendfsync: 'always' });
const proxy = await startFaultProxy(server);
const raw = new RawRedis([server], password);

afterAll(async () => {
  await proxy.close();
  await server.dispose();
});

const subject = redisSubject('redis', proxy.urlFor(server.url), 'host');
const faults = redisFaults(server, raw, subject);

runDriverContract(
  { describe, it },
  {
    ...subject,
    faults: {
      ...faults,
      failCommits: {
        ...faults.failCommits,
        // The server answers when it has committed; nothing of that arrives.
        after: async () => {
          proxy.cutMidReply(0);
          return () => proxy.heal();
        },
      },
    },
    module: redisModule(server.url, 'host'),
    execArgv: ['--import', 'tsx'],
  },
  { require: 'claimed' },
);
