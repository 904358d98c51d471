import Keyv from 'keyv';
import { describe, expect, it } from 'vitest';
import { AccountStateStore } from '../../../src/core/store/account-state-store.js';
import { keyvDriver, ScriptedAdapter } from '../../drivers/keyv/support.js';
import { rejection } from '../../drivers/support.js';
import { poll } from '../../support/servers/poll.js';

const ownership = { mode: 'wait', leaseMs: 300, pollMs: 30 } as const;

function adapterWith(keySize: number): ScriptedAdapter {
  const adapter = new ScriptedAdapter();
  adapter.opts['keySize'] = keySize;
  return adapter;
}

function storeOn(adapter: ScriptedAdapter): AccountStateStore {
  const driver = keyvDriver(new Keyv({ store: adapter }));
  return new AccountStateStore({ accountId: 'account', driver, ownership });
}

describe('waiting on a store of short keys', () => {
  it('goes on while an idle owner lives, with the keys that @keyv/postgres and @keyv/mysql take by default', async () => {
    const adapter = adapterWith(255);
    const owner = storeOn(adapter);
    await owner.restore();
    const renewals = (): number =>
      adapter.calls.filter(({ method, key }) => method === 'set' && /\/lease\/.*:head$/.test(key)).length;
    const waiter = storeOn(adapter);
    let isOwner = false;
    const waiting = waiter.restore().then(() => {
      isOwner = true;
    });
    const before = renewals();
    await poll(
      'renewals for twice the time of the lease',
      async () => renewals() >= before + 6 || isOwner || undefined,
    );
    expect(isOwner).toBe(false);
    await owner.close();
    await waiting;
    await waiter.close();
  });

  it('rejects when not even a lease has a name that is short enough', async () => {
    const adapter = adapterWith(200);
    const store = storeOn(adapter);
    expect((await rejection(store.restore())).code).toBe('INVALID_KEY');
    await store.close();
    const driver = keyvDriver(new Keyv({ store: adapter }));
    expect(await driver.head('account')).toBeUndefined();
  });
});
