import { createClient } from '@keyv/redis';
import { afterAll, describe, it } from 'vitest';
import { runDriverContract } from '../contract/index.js';
import { startRedis } from '../support/servers/redis/redis-server.js';
import { keyvRedisFaults, keyvRedisSubject, ON_REDIS } from './subjects/keyv-redis-subject.js';

const server = await startRedis({ password: 'contract-secret' });
const raw = createClient({ url: server.url });
raw.on('error', () => undefined);
await raw.connect();
const module = new URL('./fixtures/keyv-redis-module.ts', import.meta.url);
module.searchParams.set('url', server.url);

afterAll(async () => {
  raw.destroy();
  await server.dispose();
});

const { answers, ...subject } = keyvRedisSubject(ON_REDIS, server.url);
const faults = keyvRedisFaults(ON_REDIS, server, raw, answers);

runDriverContract(
  { describe, it },
  { ...subject, faults, module, execArgv: ['--import', 'tsx'] },
  { require: 'claimed' },
);
