import { afterEach, describe, expect, it, vi } from 'vitest';
import { AccountKeeperError } from '../../../src/core/errors.js';
import { AccountStateStore } from '../../../src/core/store/account-state-store.js';
import { MemoryBackend } from '../../../src/drivers/memory/backend.js';
import { MemoryDriver } from '../../../src/drivers/memory/driver.js';
import {
  ACCOUNT,
  createStore,
  type OpenStore,
  type OpenStoreOptions,
  openStore,
  rejection,
} from '../../support/open-store.js';

type Numbered = { readonly n: number };

interface Scene {
  readonly owner: OpenStore<Numbered>;
  readonly reader: OpenStore<Numbered>;
  /** Lets the follower look. */
  look(ms?: number): Promise<void>;
}

const followers: OpenStore<Numbered>[] = [];

async function following(options: OpenStoreOptions<Numbered> = {}): Promise<Scene> {
  const owner = await openStore<Numbered>({ persist: options.persist ?? ['metadata'] });
  owner.store.setSymbolMetadata('A', { n: 1 });
  await owner.store.flush();
  const reader = createStore<Numbered>({
    backend: owner.backend,
    ownership: { mode: 'read-only', follow: true },
    ...options,
  });
  followers.push(reader);
  await reader.store.restore();
  reader.events.length = 0;
  return { owner, reader, look: (ms = 50) => reader.clock.advance(ms) };
}

function named({ events }: OpenStore<Numbered>): readonly string[] {
  return events.map(({ name }) => name);
}

afterEach(async () => {
  for (const { store, clock } of followers.splice(0)) {
    await store.close();
    expect(clock.armed).toBe(0);
  }
});

describe('ownership: { mode: read-only, follow: true }', () => {
  it('shows each newer state by itself, and says which records changed', async () => {
    const { owner, reader, look } = await following();
    owner.store.setSymbolMetadata('B', { n: 1 });
    await owner.store.flush();
    await look();
    expect(reader.store.getAllSymbolMetadata()).toEqual({ A: { n: 1 }, B: { n: 1 } });
    owner.store.transaction(() => {
      owner.store.deletePositionMetadata('A');
      owner.store.setSymbolMetadata('B', { n: 2 });
    });
    await owner.store.flush();
    await look();
    expect(reader.store.getAllSymbolMetadata()).toEqual({ B: { n: 2 } });
    const { revision } = owner.store.persistenceStatus();
    expect(reader.events).toMatchObject([
      {
        name: 'refreshed',
        event: { accountId: ACCOUNT, revision: Number(revision) - 1, changed: ['metadata/B'], removed: [] },
      },
      { name: 'refreshed', event: { revision, changed: ['metadata/B'], removed: ['metadata/A'] } },
    ]);
    expect(reader.events[0]?.event['committedAtMs']).toEqual(expect.any(Number));
    expect(reader.store.persistenceStatus()).toMatchObject({ state: 'idle', ownership: 'read-only', revision });
    await look(5_000);
    expect(reader.events).toHaveLength(2);
  });

  it('reads again at once with refresh, and tells of that as well', async () => {
    const { owner, reader, look } = await following();
    owner.store.setSymbolMetadata('A', { n: 2 });
    await owner.store.flush();
    await reader.store.refresh();
    await reader.store.refresh();
    expect(named(reader)).toEqual(['refreshed']);
    await look();
    expect(named(reader)).toEqual(['refreshed']);
  });

  it('decodes only what has changed', async () => {
    const decode = vi.fn((text: string): unknown => JSON.parse(text));
    const codec = { name: 'counted', encode: (value: unknown): string => JSON.stringify(value), decode };
    const backend = new MemoryBackend();
    const owner = await openStore<Numbered>({ codec, backend });
    for (const symbol of ['A', 'B', 'C']) owner.store.setSymbolMetadata(symbol, { n: 1 });
    await owner.store.flush();
    const { reader, look } = {
      reader: createStore<Numbered>({ backend, codec, ownership: { mode: 'read-only', follow: true } }),
      look: 50,
    };
    followers.push(reader);
    await reader.store.restore();
    decode.mockClear();
    owner.store.setSymbolMetadata('B', { n: 2 });
    await owner.store.flush();
    await reader.clock.advance(look);
    expect(reader.store.getAllSymbolMetadata()).toEqual({ A: { n: 1 }, B: { n: 2 }, C: { n: 1 } });
    expect(decode).toHaveBeenCalledTimes(1);
  });

  it('keeps its state in an outage, says so, and is current within a second after it', async () => {
    const { owner, reader, look } = await following();
    const head = vi.spyOn(reader.driver, 'head').mockRejectedValue(new AccountKeeperError('UNAVAILABLE', 'away'));
    await look(10_000);
    const status = reader.store.persistenceStatus();
    expect(status).toMatchObject({ state: 'retrying', ownership: 'read-only', lastError: { code: 'UNAVAILABLE' } });
    expect(status.behindMs).toBeGreaterThanOrEqual(9_900);
    expect(status.nextRetryAt).toBeGreaterThan(reader.clock.now());
    expect(new Set(named(reader))).toEqual(new Set(['refresh-failed']));
    owner.store.setSymbolMetadata('A', { n: 2 });
    await owner.store.flush();
    head.mockRestore();
    reader.events.length = 0;
    await look(1_000);
    expect(named(reader)).toEqual(['refreshed', 'recovered']);
    expect(reader.store.getSymbolMetadata('A')).toEqual({ n: 2 });
    expect(reader.store.persistenceStatus()).toMatchObject({
      state: 'idle',
      consecutiveFailures: 0,
      lastError: undefined,
    });
    expect(reader.store.persistenceStatus().behindMs).toBeLessThanOrEqual(50);
  });

  it('does not show a record that cannot be decoded, nor anything else of that commit', async () => {
    const { owner, reader, look } = await following();
    const raw = createStore<Numbered>({ backend: owner.backend }).driver;
    const head = await raw.head(ACCOUNT);
    const commit = async (
      upserts: ReadonlyMap<string, string>,
      expected: typeof head,
      writeId: string,
    ): Promise<typeof head> =>
      raw.commit(
        ACCOUNT,
        { upserts, deletes: new Set() },
        { expected, writerId: 'w', writeId, meta: expected?.meta ?? '' },
      );
    const bad = await commit(
      new Map([
        ['metadata/A', 'nonsense'],
        ['metadata/B', '{"v":1,"c":"json","d":{"n":1}}'],
      ]),
      head,
      'bad',
    );
    await look(2_000);
    expect(reader.events[0]).toMatchObject({
      name: 'refresh-failed',
      event: { error: { code: 'CORRUPT', records: ['metadata/A'] } },
    });
    expect(reader.store.getAllSymbolMetadata()).toEqual({ A: { n: 1 } });
    await commit(new Map([['metadata/A', '{"v":1,"c":"json","d":{"n":3}}']]), bad, 'good');
    await look(1_000);
    expect(reader.store.getAllSymbolMetadata()).toEqual({ A: { n: 3 }, B: { n: 1 } });
    expect(named(reader).slice(-2)).toEqual(['refreshed', 'recovered']);
  });

  it('leaves an undecodable record out with quarantine', async () => {
    const { owner, reader, look } = await following({ onRejected: 'quarantine' });
    const raw = createStore<Numbered>({ backend: owner.backend }).driver;
    const expected = await raw.head(ACCOUNT);
    const batch = { upserts: new Map([['metadata/A', 'nonsense']]), deletes: new Set<string>() };
    await raw.commit(ACCOUNT, batch, { expected, writerId: 'w', writeId: 'x', meta: expected?.meta ?? '' });
    await look();
    expect(reader.events).toMatchObject([{ name: 'refreshed', event: { changed: [], removed: ['metadata/A'] } }]);
    expect(reader.store.getAllSymbolMetadata()).toEqual({});
  });

  it('shows a dropped account as empty, and an older one not at all until the operator says so', async () => {
    const { owner, reader, look } = await following();
    const entries = [...owner.backend.keys()].map((key) => [key, owner.backend.get(key) ?? ''] as const);
    const raw = createStore<Numbered>({ backend: owner.backend }).driver;
    const expected = await raw.head(ACCOUNT);
    await raw.drop(ACCOUNT, { expected, writerId: 'w', writeId: 'x', meta: expected?.meta ?? '' });
    await look();
    expect(reader.store.getAllSymbolMetadata()).toEqual({});
    expect(reader.events).toMatchObject([{ name: 'refreshed', event: { removed: ['metadata/A'] } }]);
    for (const [key, text] of entries) owner.backend.set(key, text);
    await look(2_000);
    expect(reader.events.at(-1)).toMatchObject({ name: 'refresh-failed', event: { error: { code: 'ROLLED_BACK' } } });
    expect(reader.store.getAllSymbolMetadata()).toEqual({});
    const { revision = 0, writeId = '' } = expected ?? {};
    await reader.store.refresh({ onRolledBack: { keep: 'backend', revision, writeId } });
    expect(reader.store.getAllSymbolMetadata()).toEqual({ A: { n: 1 } });
    await look(2_000);
    expect(reader.store.persistenceStatus()).toMatchObject({ state: 'idle', revision });
  });

  it('warns of what a repetition cannot mend when nobody listens', async () => {
    const { owner } = await following();
    const warned = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
    const driver = new MemoryDriver({ backend: owner.backend });
    const store = new AccountStateStore({ accountId: ACCOUNT, driver, ownership: { mode: 'read-only', follow: true } });
    await store.restore();
    await driver.close();
    await vi.waitFor(() => expect(store.persistenceStatus().lastError).toMatchObject({ code: 'CLOSED' }), 5_000);
    expect(warned.mock.calls.map(([message]) => String(message))).toEqual([expect.stringContaining('(CLOSED)')]);
    warned.mockRestore();
    await store.close();
  });

  it('leaves nothing behind when it is closed during a read, or in a listener', async () => {
    const { owner, reader, look } = await following();
    reader.driver.load = () => new Promise(() => undefined);
    owner.store.setSymbolMetadata('A', { n: 2 });
    await owner.store.flush();
    await look();
    await reader.store.close();
    expect(reader.clock.armed).toBe(0);
    expect((await rejection(reader.store.refresh())).code).toBe('CLOSED');
    const second = await following();
    second.reader.store.on('refreshed', () => void second.reader.store.close());
    second.owner.store.setSymbolMetadata('A', { n: 2 });
    await second.owner.store.flush();
    await second.look();
    expect(second.reader.clock.armed).toBe(0);
  });

  it('is for accounts that are not owned', async () => {
    for (const mode of ['take-over', 'wait'] as const) {
      expect(() => createStore({ ownership: { mode, follow: true } })).toThrow(
        expect.objectContaining({ code: 'CONFIG' }),
      );
    }
  });
});
