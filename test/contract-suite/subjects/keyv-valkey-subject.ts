import KeyvValkey from '@keyv/valkey';
import Keyv from 'keyv';
import { KeyvDriver } from '../../../src/drivers/keyv/driver.js';
import type { ContractFaults, ContractSubject, Inject } from '../../contract/index.js';
import type { RedisTestServer } from '../../support/servers/redis/redis-server.js';
import { keyvKeys, LostAnswers } from './keyv-keys.js';
import { redisReaderUrl } from './redis-reader.js';

/** A subject whose drivers have a Keyv each, on the server under the URL, in whichever process. */
export function keyvValkeySubject(url: string): ContractSubject & { readonly answers: LostAnswers<KeyvValkey> } {
  const answers = new LostAnswers<KeyvValkey>();
  return {
    name: 'keyv+valkey',
    answers,
    createDriver: (options = {}) => {
      const adapter = new KeyvValkey(url);
      const keyv = new Keyv({ store: adapter, emitErrors: false });
      const driver = new KeyvDriver({
        ...options,
        keyv,
        allowUnconditional: true,
        durability: 'host',
        closeKeyv: true,
      });
      answers.watch(driver, adapter);
      return driver;
    },
    secrets: [new URL(url).password],
  };
}

/** The faults that the server can have. `raw` is an adapter of the test's own. */
export function valkeyFaults(
  server: RedisTestServer,
  { redis }: KeyvValkey,
  answers: LostAnswers<KeyvValkey>,
): ContractFaults {
  return {
    stop: () => server.stop(),
    start: () => server.start(),
    pause: () => server.pause(),
    resume: () => server.resume(),
    raw: {
      ...keyvKeys('keyv:'),
      get: async (key) => (await redis.get(key)) ?? undefined,
      set: async (key, text) => {
        await redis.set(key, text);
      },
      delete: async (key) => {
        await redis.del(key);
      },
      keys: () => redis.keys('*'),
    },
    failCommits: { before: notPermitted(server, '@write'), after: answers.inject },
    failReads: notPermitted(server, '@read'),
    readOnly: async (options) => {
      const url = await redisReaderUrl(server.url, (...words) => server.cli(...words), '+@read +@connection +info');
      return keyvValkeySubject(url).createDriver(options);
    },
    missing: false,
    syncsBeforeAcknowledging: async () => {
      const [, sync] = (await server.cli('CONFIG', 'GET', 'appendfsync')).split('\n');
      return sync === 'always';
    },
  };
}

/** The server refuses such commands. */
function notPermitted(server: RedisTestServer, category: '@read' | '@write'): Inject {
  return async () => {
    await server.cli('ACL', 'SETUSER', 'default', `-${category}`);
    return async () => {
      await server.cli('ACL', 'SETUSER', 'default', '+@all');
    };
  };
}
