import KeyvRedis from '@keyv/redis';
import Keyv from 'keyv';
import { afterAll, describe, expect, it } from 'vitest';
import type { KeyvDriver } from '../../../src/drivers/keyv/driver.js';
import { startRedis } from '../../support/servers/redis/redis-server.js';
import { batchOf, onTopOf, rejection } from '../support.js';
import { keyvDriver } from './support.js';

const server = await startRedis({ password: 'close-secret' });

afterAll(() => server.dispose());

async function openedDriver(store = new KeyvRedis<string>(server.url)): Promise<KeyvDriver> {
  const keyv = new Keyv({ store, useKeyPrefix: false, emitErrors: false });
  const driver = keyvDriver(keyv, { closeKeyv: true, operationTimeoutMs: 8000 });
  await driver.open();
  return driver;
}

describe('KeyvDriver on @keyv/redis: close', () => {
  it('does not wait for reads whose time is up, while the server is away, stands still, or is back', async () => {
    for (const [hurt, heal] of [
      [() => server.stop(), () => server.start()],
      [() => server.pause(), () => server.resume()],
    ] as const) {
      const [during, after] = [await openedDriver(), await openedDriver()];
      await hurt();
      for (const driver of [during, after]) {
        expect((await rejection(driver.head('a', { timeoutMs: 200 }))).code).toBe('TIMEOUT');
      }
      await expect(during.close()).resolves.toBeUndefined();
      await heal();
      await expect(after.close()).resolves.toBeUndefined();
    }
  });

  it('waits for a write whose time is up, until nothing of it is under way any more', async () => {
    const store = new KeyvRedis<string>(server.url);
    const driver = await openedDriver(store);
    const { set } = store;
    store.set = async (...entry) => {
      store.set = set;
      await server.stop();
      await store.set(...entry);
    };
    const options = onTopOf(undefined);
    const commit = driver.commit('a', batchOf({ k: '1' }), { ...options, timeoutMs: 1000 });
    expect(await rejection(commit)).toMatchObject({ code: 'TIMEOUT', outcome: 'unknown' });
    const closing = driver.close();
    await server.start();
    await closing;
    const other = await openedDriver();
    await expect(other.commit('a', batchOf({ k: '1' }), options)).resolves.toMatchObject({ revision: 1 });
  });
});
