import KeyvRedis, { createClient } from '@keyv/redis';
import { Keyv } from 'keyv';
import { startRedis } from '../../test/support/servers/redis/redis-server.js';
import type { BenchBackend, RawClient, RawEntry } from './backend.js';

/** With the append-only file synced once in a second, for everybody. */
export async function redisBackend(): Promise<BenchBackend> {
  const server = await startRedis({ appendfsync: 'everysec' });
  const about = await server.info('server');
  return {
    name: 'Redis',
    version: about.get('redis_version') ?? '',
    pids: () => (server.pid === undefined ? [] : [server.pid]),
    urlOf: (place) => `${server.url}?prefix=${place}`,
    keyv: (place) => new Keyv({ store: new KeyvRedis(server.url), namespace: place }),
    raw: (place) => openRaw(server.url, place),
    dispose: () => server.dispose(),
  };
}

/** A place is a prefix of keys. Its own keys begin with it already, where a driver has written them. */
async function openRaw(url: string, place: string): Promise<RawClient> {
  const client = createClient({ url });
  await client.connect();
  const index = `index-of-${place}`;
  let isIndexed = false;
  return {
    write: async (upserts, deletes) => {
      const set = ['MSET'];
      for (const [key, json] of upserts) set.push(key, json);
      if (deletes.length === 0) {
        await client.sendCommand(set);
        return;
      }
      const commands = [['MULTI'], set, ['DEL', ...deletes], ['EXEC']];
      await Promise.all(commands.map((command) => client.sendCommand(command)));
    },
    writePlainly: async (upserts, deletes) => {
      const all = client.multi();
      all.mSet(upserts.map(([key, json]): [string, string] => [key, json]));
      if (deletes.length > 0) all.del([...deletes]);
      await all.exec();
    },
    readAll: async () => {
      // Whoever wants to read everything keeps the names in a set; the first call makes it.
      if (!isIndexed) {
        for await (const page of client.scanIterator({ MATCH: `${place}:*`, COUNT: 10_000, TYPE: 'string' })) {
          if (page.length > 0) await client.sAdd(index, page);
        }
      }
      isIndexed = true;
      const keys = await client.sMembers(index);
      const texts = await client.mGet(keys);
      return keys.map((key, at): RawEntry => [key, texts[at] ?? '']);
    },
    close: async () => client.destroy(),
  };
}
