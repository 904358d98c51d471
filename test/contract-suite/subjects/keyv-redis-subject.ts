import KeyvRedis from '@keyv/redis';
import KeyvValkey from '@keyv/valkey';
import Keyv from 'keyv';
import { KeyvDriver } from '../../../src/drivers/keyv/driver.js';
import type { ContractFaults, ContractSubject, Inject } from '../../contract/index.js';
import type { RedisTestServer } from '../../support/servers/redis/redis-server.js';
import { keyvKeys, LostAnswers } from './keyv-keys.js';
import { redisReaderUrl } from './redis-reader.js';

type Adapter = KeyvRedis<string> | KeyvValkey;

/** Two adapters speak the protocol of Redis. They differ in how one opens them, and in what they put before a key. */
interface Flavour {
  readonly name: string;
  /** The adapter's. */
  readonly package: string;
  readonly keyPrefix: string;
  readonly open: (url: string) => { adapter: Adapter; keyv: Keyv };
}

/** `@keyv/redis`. */
export const ON_REDIS: Flavour = {
  name: 'keyv+redis',
  package: '@keyv/redis',
  keyPrefix: 'keyv::',
  open: (url) => {
    const adapter = new KeyvRedis<string>(url);
    return { adapter, keyv: new Keyv({ store: adapter, useKeyPrefix: false, emitErrors: false }) };
  },
};

/** `@keyv/valkey`. */
export const ON_VALKEY: Flavour = {
  name: 'keyv+valkey',
  package: '@keyv/valkey',
  keyPrefix: 'keyv:',
  open: (url) => {
    const adapter = new KeyvValkey(url);
    return { adapter, keyv: new Keyv({ store: adapter, emitErrors: false }) };
  },
};

/** A subject whose drivers have a Keyv each, on the server under the URL, in whichever process. */
export function keyvRedisSubject(
  flavour: Flavour,
  url: string,
): ContractSubject & { readonly answers: LostAnswers<Adapter> } {
  const answers = new LostAnswers<Adapter>();
  return {
    name: flavour.name,
    answers,
    createDriver: (options = {}) => {
      const { adapter, keyv } = flavour.open(url);
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

/** What the faults need of a client of `@keyv/redis`. */
interface RawRedisClient {
  get(key: string): Promise<string | null>;
  set(key: string, value: string): Promise<unknown>;
  del(key: string): Promise<unknown>;
  keys(pattern: string): Promise<string[]>;
}

/** The faults that the server can have. `raw` is a client of the test's own. */
export function keyvRedisFaults(
  flavour: Flavour,
  server: RedisTestServer,
  raw: RawRedisClient,
  answers: LostAnswers<Adapter>,
): ContractFaults {
  return {
    stop: () => server.stop(),
    start: () => server.start(),
    pause: () => server.pause(),
    resume: () => server.resume(),
    raw: {
      ...keyvKeys(flavour.keyPrefix),
      get: async (key) => (await raw.get(key)) ?? undefined,
      set: async (key, text) => {
        await raw.set(key, text);
      },
      delete: async (key) => {
        await raw.del(key);
      },
      keys: () => raw.keys('*'),
    },
    failCommits: { before: notPermitted(server, '@write'), after: answers.inject },
    failReads: notPermitted(server, '@read'),
    readOnly: async (options) => {
      const url = await redisReaderUrl(server.url, (...words) => server.cli(...words), '+@read +@connection +info');
      return keyvRedisSubject(flavour, url).createDriver(options);
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
