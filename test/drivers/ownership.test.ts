import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import {
  AccountStateStore,
  createDriver,
  MemoryBackend,
  MemoryDriver,
  type PersistenceDriver,
} from '../../src/index.js';
import { startRedis } from '../support/servers/redis/redis-server.js';
import { startPostgres } from '../support/servers/sql/postgres-server.js';
import { temporaryFolder } from '../support/temporary-folder.js';

const folder = temporaryFolder('ownership');
const redis = await startRedis();
const postgres = await startPostgres();
const backend = new MemoryBackend();
const map = new Map<string, unknown>();

afterAll(async () => {
  await Promise.all([redis.dispose(), postgres.dispose()]);
});

const backends: readonly { readonly name: string; readonly connect: () => PersistenceDriver }[] = [
  { name: 'memory', connect: () => new MemoryDriver({ backend }) },
  { name: 'sqlite', connect: () => createDriver(`sqlite://${join(folder, 'state.db')}`) },
  { name: 'redis', connect: () => createDriver(redis.url) },
  { name: 'postgres', connect: () => createDriver(postgres.url) },
  { name: 'keyv+map', connect: () => createDriver({ keyv: map, allowUnconditional: true }) },
];

const ownership = { mode: 'wait', leaseMs: 600, pollMs: 20 } as const;

async function idsOf(driver: PersistenceDriver): Promise<string[]> {
  const ids: string[] = [];
  for await (const id of driver.accounts()) ids.push(id);
  return ids;
}

describe.each(backends)('ownership: wait on $name', ({ connect }) => {
  it('hands an account over, one process after the other, and lists no lease', async () => {
    const accountId = 'handed-over';
    let owner = new AccountStateStore<{ n: number }>({ accountId, driver: connect(), closeDriver: true, ownership });
    await owner.restore();
    for (let n = 1; n <= 5; n += 1) {
      owner.setSymbolMetadata('A', { n });
      const next = new AccountStateStore<{ n: number }>({ accountId, driver: connect(), closeDriver: true, ownership });
      const waiting = new Promise((resolve) => next.once('waiting', resolve));
      const restored = next.restore();
      await waiting;
      expect(next.persistenceStatus().ownership).toBe('waiting');
      await owner.close();
      expect(owner.persistenceStatus().ownership).toBe('released');
      await restored;
      expect(next.getSymbolMetadata('A')).toEqual({ n });
      owner = next;
    }
    await owner.close();
    const driver = connect();
    expect(await idsOf(driver)).toEqual([accountId]);
    await driver.close();
  });

  it('takes over from an owner whose lease ran out, and fences it', async () => {
    const accountId = 'left-behind';
    const driver = connect();
    const owner = new AccountStateStore<{ n: number }>({ accountId, driver, ownership });
    await owner.restore();
    owner.setSymbolMetadata('A', { n: 1 });
    await owner.flush();
    // Its process does not run any more, as far as others can see.
    const renew = driver.drop.bind(driver);
    driver.drop = () => new Promise(() => undefined);
    const next = new AccountStateStore<{ n: number }>({ accountId, driver: connect(), closeDriver: true, ownership });
    await next.restore();
    expect(next.getSymbolMetadata('A')).toEqual({ n: 1 });
    driver.drop = renew;
    if (driver.capabilities.conditionalCommit) {
      owner.setSymbolMetadata('A', { n: 2 });
      await expect(owner.flush()).rejects.toMatchObject({ code: 'FENCED' });
    }
    await owner.close().catch(() => undefined);
    await driver.close();
    await next.close();
  });
});
