import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CommitBatch } from '../../../src/core/persistence-driver.js';
import { exactTexts } from '../../../src/drivers/redis/call.js';
import { redisCommands, startWireTap } from '../../support/servers/network/wire-tap.js';
import { type RedisTestServer, startRedis } from '../../support/servers/redis/redis-server.js';
import { afterTest, batchOf, onTopOf } from '../support.js';
import { redis, sendingBy } from './support.js';

/** As many as one reply has. */
const PAGE = 1000;

let server: RedisTestServer;

beforeAll(async () => {
  server = await startRedis({ appendfsync: 'no' });
});

afterAll(() => server.dispose());

/** So many records that all have the text. */
function records(count: number, text: string): CommitBatch {
  return batchOf(Object.fromEntries(Array.from({ length: count }, (_, index) => [`k ${index}`, text])));
}

describe('RedisDriver: a load', () => {
  it.each([
    [1, ['EVALSHA']],
    [PAGE, ['EVALSHA']],
    [PAGE + 1, ['EVALSHA', 'MGET', 'MGET']],
    [2 * PAGE, ['EVALSHA', 'MGET', 'MGET', 'MGET']],
  ])('of %i records is one script, and pages where they are many', async (count, commands) => {
    const tap = await startWireTap(server);
    afterTest(() => tap.close());
    const driver = redis({ url: tap.urlFor(server.url), prefix: `pages-${count}` });
    const head = await driver.commit('a', records(count, '1'), onTopOf(undefined));
    const others = await driver.load('nobody');
    tap.taken();
    const stored = await driver.load('a');
    expect(redisCommands(tap.taken())).toEqual(commands);
    expect(others).toBeUndefined();
    expect(stored).toEqual({ head, records: records(count, '1').upserts, corrupt: new Map() });
  });

  it('is of one state, also when somebody commits before every page', async () => {
    const writer = redis({ url: server.url, prefix: 'busy' });
    let last = Promise.resolve(await writer.commit('a', records(3 * PAGE, '0'), onTopOf(undefined)));
    const importer = sendingBy(async (command, send) => {
      if (command[0] !== 'MGET') return send();
      last = last.then((head) => writer.commit('a', records(3 * PAGE, String(head.revision)), onTopOf(head)));
      await last;
      return send();
    });
    const stored = await redis({ url: server.url, prefix: 'busy' }, importer).load('a');
    expect(stored?.head.revision).toBeGreaterThan(1);
    expect(stored?.records.size).toBe(3 * PAGE);
    expect(new Set(stored?.records.values())).toEqual(new Set([String((stored?.head.revision ?? 0) - 1)]));
  });

  it('names the records of a large account that are not UTF-8, or are gone', async () => {
    const driver = redis({ url: server.url, prefix: 'broken' });
    await driver.commit('a', records(PAGE + 1, '\uFFFD'), onTopOf(undefined));
    await server.cli(
      'EVAL',
      `return redis.call('SET', KEYS[1], '{"value":"' .. string.char(255) .. '"}')`,
      '1',
      keyOf(7),
    );
    await server.cli('DEL', keyOf(8));
    const stored = await driver.load('a');
    expect([...(stored?.corrupt.keys() ?? [])].sort()).toEqual(['k 7', 'k 8']);
    expect(stored?.records.size).toBe(PAGE - 1);
    expect(new Set(stored?.records.values())).toEqual(new Set(['\uFFFD']));
  });

  function keyOf(index: number): string {
    return `broken:{a}:r:k%20${index}`;
  }
});

describe('exactTexts', () => {
  it('asks for the bytes whenever a text may not be what was stored', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 12 })), async (stored) => {
        const texts = stored.map((bytes) => Buffer.from(bytes).toString('utf8'));
        const isExact = texts.every((text, index) => Buffer.from(text).equals(stored[index] ?? Buffer.alloc(0)));
        const asked: string[] = [];
        await exactTexts(async (form) => {
          asked.push(form);
          return texts;
        });
        if (!isExact) expect(asked).toEqual(['text', 'bytes']);
      }),
    );
  });
});
