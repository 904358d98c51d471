import { RedisDriver, type RedisDriverOptions } from '../../../src/drivers/redis/driver.js';
import type { ContractFaults, ContractSubject, Inject } from '../../contract/index.js';
import type { TestServer } from '../../support/servers/test-server.js';
import { layoutKeys } from './memory-subject.js';
import { RedisInterruptions } from './redis-interruptions.js';
import type { RawRedis } from './redis-raw.js';
import { redisReaderUrl } from './redis-reader.js';

/** A subject with ways to interrupt what its drivers send. */
export type RedisSubject = ContractSubject & {
  readonly interruptions: RedisInterruptions;
  readonly durability: ClaimedDurability;
};

/** The durability that is claimed of the servers of a test, whose files are synced always. */
export type ClaimedDurability = NonNullable<RedisDriverOptions['durability']>;

/** What a user needs to open for reading alone. */
const READ_RIGHTS = '+ping +eval_ro +evalsha_ro +type +get +mget +smembers +scan +cluster|slots +asking';

/** A subject on the servers under the URL, in whichever process. */
export function redisSubject(name: string, url: string, durability: ClaimedDurability): RedisSubject {
  const interruptions = new RedisInterruptions();
  // On a busy machine a replica can take longer than usual.
  const claim = durability === 'replicated' ? { replicaTimeoutMs: 4000 } : {};
  return {
    name,
    interruptions,
    durability,
    createDriver: (options = {}) =>
      interruptions.driver((importer) => new RedisDriver({ ...options, ...claim, url, durability }, importer)),
    secrets: [/:([^:@/]+)@/.exec(url)?.[1] ?? ''].filter((secret) => secret !== ''),
  };
}

/** The module of the second process, with what makes the same subject there. */
export function redisModule(url: string, durability: ClaimedDurability): URL {
  const module = new URL('../fixtures/redis-module.ts', import.meta.url);
  module.searchParams.set('url', url);
  module.searchParams.set('durability', durability);
  return module;
}

/** The faults that the servers can have. `raw` reaches all masters. */
export function redisFaults(
  servers: Pick<TestServer, 'url' | 'stop' | 'start' | 'pause' | 'resume'>,
  raw: RawRedis,
  { interruptions, durability }: RedisSubject,
): ContractFaults {
  return {
    stop: () => servers.stop(),
    start: () => servers.start(),
    pause: () => servers.pause(),
    resume: () => servers.resume(),
    rollback: {
      snapshot: () => raw.snapshot(),
      restore: (snapshot) => raw.restore(snapshot as Awaited<ReturnType<RawRedis['snapshot']>>),
    },
    empty: () => raw.empty(),
    raw: {
      ...layoutKeys(),
      get: (key) => raw.get(key),
      set: (key, text) => raw.set(key, text),
      delete: (key) => raw.delete(key),
      keys: () => raw.keys(),
    },
    failCommits: {
      before: outOfMemory(raw),
      midway: interruptions.at('midway'),
      after: interruptions.at('after'),
    },
    failReads: notPermitted(raw, '@read'),
    readOnly: async (options = {}) => {
      const url = await redisReaderUrl(servers.url, (...words) => raw.command(...words), READ_RIGHTS);
      return new RedisDriver({ ...options, url, durability });
    },
    missing: false,
    syncsBeforeAcknowledging: async () => {
      const replies = [
        await raw.command('CONFIG', 'GET', 'appendonly'),
        await raw.command('CONFIG', 'GET', 'appendfsync'),
      ].flat();
      return replies.every((reply) => Array.isArray(reply) && (reply[1] === 'yes' || reply[1] === 'always'));
    },
  };
}

/** The servers have used all the memory that they may use: OOM. */
function outOfMemory(raw: RawRedis): Inject {
  return async () => {
    await raw.command('CONFIG', 'SET', 'maxmemory', '1');
    return async () => {
      await raw.command('CONFIG', 'SET', 'maxmemory', '0');
    };
  };
}

/** The servers refuse such commands of the default user: NOPERM. */
function notPermitted(raw: RawRedis, category: '@read'): Inject {
  return async () => {
    await raw.command('ACL', 'SETUSER', 'default', `-${category}`);
    return async () => {
      await raw.command('ACL', 'SETUSER', 'default', '+@all');
    };
  };
}
