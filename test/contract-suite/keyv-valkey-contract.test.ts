import KeyvValkey from '@keyv/valkey';
import { afterAll, describe, it } from 'vitest';
import { runDriverContract } from '../contract/index.js';
import { startRedis } from '../support/servers/redis/redis-server.js';
import { keyvValkeySubject, valkeyFaults } from './subjects/keyv-valkey-subject.js';

const server = await startRedis({ password: 'contract-secret' });
const raw = new KeyvValkey(server.url);
raw.on('error', () => undefined);
const module = new URL('./fixtures/keyv-valkey-module.ts', import.meta.url);
module.searchParams.set('url', server.url);

afterAll(async () => {
  await raw.disconnect();
  await server.dispose();
});

const { answers, ...subject } = keyvValkeySubject(server.url);
const faults = valkeyFaults(server, raw, answers);

runDriverContract(
  { describe, it },
  { ...subject, faults, module, execArgv: ['--import', 'tsx'] },
  { require: 'claimed' },
);
