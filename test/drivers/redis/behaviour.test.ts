import { afterAll, beforeAll } from 'vitest';
import { RedisDriver } from '../../../src/drivers/redis/driver.js';
import { type RedisTestServer, startRedis } from '../../support/servers/redis/redis-server.js';
import { describeDriver } from '../behaviour.js';
import { closing } from '../support.js';

let server: RedisTestServer;

beforeAll(async () => {
  server = await startRedis({ appendfsync: 'no' });
});
afterAll(() => server.dispose());

describeDriver('redis', async () => {
  await server.cli('FLUSHALL');
  return [closing(new RedisDriver({ url: server.url })), closing(new RedisDriver({ url: server.url }))];
});
