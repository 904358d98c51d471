import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatHeadMeta, parseHeadMeta } from '../../../src/core/ownership/head-meta.js';
import { thisProcess } from '../../../src/core/ownership/owner-process.js';
import { MemoryBackend, MemoryDriver, openAccount } from '../../../src/index.js';

const NOTHING = { released: false, replayed: [], claims: [] };

describe('the meta of a head', () => {
  it('comes back as it was written', () => {
    const owner = fc.record({ host: fc.string(), pid: fc.nat(), program: fc.string(), startedAtMs: fc.nat() });
    const metas = fc.record(
      { owner, movedTo: fc.string(), lineage: fc.string(), released: fc.boolean() },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(metas, (meta) => {
        expect(parseHeadMeta(formatHeadMeta({ ...NOTHING, ...meta }))).toMatchObject(meta);
      }),
    );
  });

  it.each([null, 1, 'vm', {}, { host: 'vm', pid: '1', program: 'bot.js', startedAtMs: 1 }])(
    'names no owner where %j stands',
    (owner) => {
      expect(parseHeadMeta(JSON.stringify({ owner })).owner).toBeUndefined();
    },
  );

  it('forgets the owner’s process where there is no room for it', () => {
    const meta = { ...NOTHING, owner: thisProcess(), lineage: 'l', claims: [{ base: 1, writerId: 'w' }] };
    expect(parseHeadMeta(formatHeadMeta(meta, 60))).toMatchObject({ lineage: 'l', claims: meta.claims });
    expect(parseHeadMeta(formatHeadMeta(meta, 60)).owner).toBeUndefined();
  });

  it('names the process of the owner, also after it has released the account', async () => {
    const driver = new MemoryDriver({ backend: new MemoryBackend() });
    const account = await openAccount({ accountId: 'a', persistence: driver });
    const owner = { ...thisProcess(), pid: process.pid };
    expect(parseHeadMeta((await driver.head('a'))?.meta ?? '')).toMatchObject({ owner, released: false });
    account.setSymbolMetadata('BTCUSDT', { entries: 1 });
    await account.flush();
    expect(parseHeadMeta((await driver.head('a'))?.meta ?? '').owner).toEqual(owner);
    await account.close();
    expect(parseHeadMeta((await driver.head('a'))?.meta ?? '')).toMatchObject({ owner, released: true });
  });
});
