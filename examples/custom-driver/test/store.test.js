// @ts-check
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { openAccount, registerDriver } from 'accountkeeper';
import { FileDriver } from '../file-driver.js';

it('keeps an account of a store, given as a driver and by a URL', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'accountkeeper-store-'));
  registerDriver('file', ({ url = '' }) => new FileDriver({ folder: fileURLToPath(url) }));
  try {
    const driver = new FileDriver({ folder });
    const account = await openAccount({ accountId: 'bybit-main', persistence: driver });
    account.setSymbolMetadata('BTCUSDT', { entryCountLong: 1 });
    await account.flush();
    await account.close();
    await driver.close();

    const again = await openAccount({ accountId: 'bybit-main', persistence: pathToFileURL(folder).href });
    assert.deepEqual(again.getSymbolMetadata('BTCUSDT'), { entryCountLong: 1 });
    await again.close();
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
