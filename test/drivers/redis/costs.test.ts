import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { redisCommands, startWireTap, type WireTap } from '../../support/servers/network/wire-tap.js';
import { type RedisTestServer, startRedis } from '../../support/servers/redis/redis-server.js';
import { accountOf, type CostlyAccount, deletesOf, documents, payloadBytes } from '../costs.js';
import { afterTest } from '../support.js';
import { redis } from './support.js';

const RECORDS = 1_000;
/** On the wire, of a commit: heads, the name of the script, counts. */
const FIXED_BYTES = 512;
/** On the wire, of a record: its envelope, and the beginning of its key. */
const BYTES_OF_RECORD = 60;
/** In the append-only file, of a commit: head, transaction, what proves that writing works. */
const FIXED_FILE_BYTES = 256;
/** In the append-only file, of a record: the same as on the wire, and its name in the set. */
const FILE_BYTES_OF_RECORD = 80;

let server: RedisTestServer;

beforeAll(async () => {
  server = await startRedis({ appendfsync: 'always', config: ['auto-aof-rewrite-percentage 0'] });
});

afterAll(() => server.dispose());

async function tapped(): Promise<{
  readonly tap: WireTap;
  account(id: string, records: number): Promise<CostlyAccount>;
}> {
  await server.cli('FLUSHALL');
  const tap = await startWireTap(server);
  afterTest(() => tap.close());
  const driver = redis({ url: tap.urlFor(server.url) });
  return { tap, account: (id, records) => accountOf(driver, id, records) };
}

async function fileBytes(): Promise<number> {
  return Number((await server.info('persistence')).get('aof_current_size'));
}

describe('what a commit costs on Redis', () => {
  it.each([1, 10, 1_000])('is one script in one round trip for %i changes, and for as many deletes', async (count) => {
    const { tap, account } = await tapped();
    const { commit } = await account('a', RECORDS);
    tap.taken();
    await commit(documents(count));
    expect(redisCommands(tap.taken())).toEqual(['EVALSHA']);
    await commit(deletesOf(count));
    expect(redisCommands(tap.taken())).toEqual(['EVALSHA']);
  });

  it('is at most one script for each of the accounts that commit side by side', async () => {
    const { tap, account } = await tapped();
    const accounts = await Promise.all(Array.from({ length: 50 }, (_, index) => account(`a${index}`, 1)));
    tap.taken();
    await Promise.all(accounts.map(({ commit }) => commit(documents(1))));
    expect(redisCommands(tap.taken()).length).toBeLessThanOrEqual(accounts.length);
  });

  it.each([1, 1_000])('is, on the wire and in the file, the payload of %i changes and little more', async (count) => {
    const { tap, account } = await tapped();
    const { commit } = await account('a', RECORDS);
    const batch = documents(count);
    const before = await fileBytes();
    tap.taken();
    await commit(batch);
    const payload = payloadBytes(batch);
    expect(tap.taken().length).toBeLessThanOrEqual(payload + count * BYTES_OF_RECORD + FIXED_BYTES);
    expect((await fileBytes()) - before).toBeLessThanOrEqual(payload + count * FILE_BYTES_OF_RECORD + FIXED_FILE_BYTES);
  });
});
