import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { parseSpill } from '../../../src/core/local-files/spill-file.js';
import { MemoryBackend } from '../../../src/drivers/memory/backend.js';
import { MemoryDriver } from '../../../src/drivers/memory/driver.js';
import { rollBack, SmallDriver, snapshot } from '../../support/backend-history.js';
import { FakeClock } from '../../support/fake-clock.js';
import { ACCOUNT, closeUnpersisted, createStore, cutOff, openStore, rejection } from '../../support/open-store.js';
import { ScriptedDriver } from '../../support/scripted-driver.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

type Meta = Readonly<Record<string, unknown>>;

let directory = '';

beforeEach(() => {
  directory = temporaryFolder('corners');
});

async function storeRaw(backend: MemoryBackend, records: Readonly<Record<string, string>>): Promise<void> {
  const driver = new MemoryDriver({ backend });
  const head = await driver.head(ACCOUNT);
  const expected = head === undefined ? undefined : { revision: head.revision, writeId: head.writeId };
  const batch = { upserts: new Map(Object.entries(records)), deletes: new Set<string>() };
  const options = { expected, writerId: 'other', writeId: `raw-${head?.revision ?? 0}`, meta: head?.meta ?? '' };
  await driver.commit(ACCOUNT, batch, options);
}

describe('a spill file', () => {
  it('is said to hold what it holds, and nothing else', async () => {
    const open = await openStore<Meta>({ spill: { directory } });
    const spilled: (readonly string[])[] = [];
    open.store.on('spilled', ({ records }) => spilled.push(records));
    open.store.setSymbolMetadata('good', { n: 1 });
    open.store.setSymbolMetadata('bad', { n: Number.NaN });
    const error = await closeUnpersisted(open);
    expect(spilled).toEqual([['metadata/good']]);
    expect(error).toMatchObject({ records: ['metadata/good', 'metadata/bad'], lost: ['metadata/bad'] });
  });

  it('keeps the keys that could not be encoded, the bytes in quarantine, and the borders of groups', async () => {
    const backend = new MemoryBackend();
    await storeRaw(backend, { 'metadata/Q': 'not a record' });
    const open = await openStore<Meta>({ backend, spill: { directory }, onRejected: 'quarantine' });
    cutOff(open);
    open.store.setSymbolMetadata('A', { n: 1 });
    await Promise.resolve();
    open.store.setSymbolMetadata('B', { n: 1 });
    open.store.setSymbolMetadata('bad', { n: Number.NaN });
    await closeUnpersisted(open);
    const [name = ''] = readdirSync(directory);
    const spill = parseSpill(readFileSync(join(directory, name)));
    expect(spill.unencodable).toEqual(['metadata/bad']);
    expect(spill.records.get('metadata/Q')).toBe('not a record');
  });
});

describe('quarantined bytes', () => {
  it('survive a rollback and persistAll(), overwritten or not', async () => {
    const backend = new MemoryBackend();
    await storeRaw(backend, { 'metadata/Q': 'not a record', 'metadata/R': 'not one either' });
    const open = await openStore<Meta>({ backend, onRejected: 'quarantine' });
    open.store.setSymbolMetadata('R', { n: 1 });
    await open.store.flush();
    rollBack(backend);
    open.store.setSymbolMetadata('A', { n: 1 });
    await rejection(open.store.flush());
    await open.store.persistAll();
    const account = await new MemoryDriver({ backend }).load(ACCOUNT);
    const texts = [...(account?.records ?? [])];
    expect(account?.records.get('metadata/Q')).toBe('not a record');
    const copies = texts.filter(([recordKey]) => recordKey.startsWith('quarantine/'));
    expect(copies.map(([, text]) => (JSON.parse(text) as Meta)['raw'])).toEqual(['not one either']);
  });

  it('are stored with what takes their place, also when the backend had refused both', async () => {
    const backend = new MemoryBackend();
    await storeRaw(backend, { 'metadata/Q': 'not a record' });
    const open = await openStore<Meta>({ backend, onRejected: 'quarantine' });
    open.store.on('record-rejected', () => undefined);
    open.driver.faults.push('too-large');
    open.store.setSymbolMetadata('Q', { n: 1 });
    expect((await rejection(open.store.flush())).code).toBe('TOO_LARGE');
    open.store.setSymbolMetadata('Q', { n: 2 });
    await open.store.flush();
    const account = await new MemoryDriver({ backend }).load(ACCOUNT);
    const texts = [...(account?.records.values() ?? [])];
    expect(texts.some((text) => text.includes('"raw":"not a record"'))).toBe(true);
    expect(account?.records.get('metadata/Q')).toContain('{"n":2}');
  });

  it('are handed out as they are when the store is fenced', async () => {
    const backend = new MemoryBackend();
    await storeRaw(backend, { 'metadata/Q': 'not a record' });
    const open = await openStore<Meta>({ backend, onRejected: 'quarantine' });
    let unacknowledged: ReadonlyMap<string, unknown> = new Map();
    open.store.on('fenced', (event) => {
      ({ unacknowledged } = event);
    });
    await openStore<Meta>({ backend, onRejected: 'quarantine' });
    open.store.setSymbolMetadata('Q', { n: 1 });
    expect((await rejection(open.store.flush())).code).toBe('FENCED');
    const { 'metadata/Q': value, ...copies } = Object.fromEntries(unacknowledged);
    expect(value).toEqual({ n: 1 });
    expect(Object.values(copies)).toEqual([expect.stringContaining('"raw":"not a record"')]);
  });

  it('block no key, however large they are', async () => {
    const backend = new MemoryBackend();
    const raw = '"'.repeat(1_500);
    await storeRaw(backend, { 'metadata/Q': raw });
    const fakeClock = new FakeClock();
    const driver = new ScriptedDriver(new SmallDriver(backend, { valueBytes: 2_000 }), fakeClock);
    const open = createStore<Meta>({ backend, driver, fakeClock, onRejected: 'quarantine' });
    await open.store.restore();
    open.store.setSymbolMetadata('Q', { n: 1 });
    await open.store.flush();
    const account = await new MemoryDriver({ backend }).load(ACCOUNT);
    const pieces = [...(account?.records ?? [])].filter(([recordKey]) => recordKey.startsWith('quarantine/'));
    expect(pieces.length).toBeGreaterThan(1);
    expect(pieces.map(([, text]) => (JSON.parse(text) as Meta)['raw']).join('')).toBe(raw);
    expect(account?.records.get('metadata/Q')).toContain('{"n":1}');
  });
});

describe('a contested take-over', () => {
  it('fences nobody when the account cannot be read', async () => {
    const backend = new MemoryBackend();
    const next = createStore<Meta>({ backend });
    const { load } = next.driver;
    let loads = 0;
    next.driver.load = async (...args) => {
      const loaded = await load.apply(next.driver, args);
      loads += 1;
      // The owner commits between the read and the claim what nobody can read.
      if (loads === 1) await storeRaw(backend, { 'metadata/A': 'not a record' });
      return loaded;
    };
    expect((await rejection(next.store.restore())).code).toBe('CORRUPT');
    expect(loads).toBe(2);
    expect((await new MemoryDriver({ backend }).head(ACCOUNT))?.writerId).toBe('other');
  });

  it('reads before it claims for three rounds, and says that the owner was fenced when it could not wait any longer', async () => {
    const backend = new MemoryBackend();
    const rival = new MemoryDriver({ backend });
    const next = createStore<Meta>({ backend });
    const { load } = next.driver;
    const calls: string[] = [];
    next.driver.load = async (...args) => {
      const loaded = await load.apply(next.driver, args);
      calls.push(`load ${loaded?.head.revision ?? 0}`);
      if (calls.length <= 3) await storeRaw(backend, calls.length === 3 ? { 'metadata/A': 'not a record' } : {});
      return loaded;
    };
    const error = await rejection(next.store.restore());
    expect(error.code).toBe('CORRUPT');
    expect(String(error['message'])).toContain('fenced');
    expect(calls).toEqual(['load 0', 'load 1', 'load 2', 'load 4']);
    expect((await rival.head(ACCOUNT))?.revision).toBe(4);
  });
});

describe('verifyOwnership()', () => {
  it('resolves for the owner, also while it is behind', async () => {
    const open = await openStore<Meta>();
    await open.store.verifyOwnership();
    open.store.setSymbolMetadata('A', { n: 1 });
    await open.store.verifyOwnership({ timeoutMs: 100 });
    await open.store.flush();
    await open.store.verifyOwnership();
  });

  it('rejects FENCED for one that was taken over and has not noticed, and fences nothing', async () => {
    const open = await openStore<Meta>();
    await openStore<Meta>({ backend: open.backend });
    open.store.requireDurable();
    expect((await rejection(open.store.verifyOwnership())).code).toBe('FENCED');
    expect(open.store.persistenceStatus().ownership).toBe('owner');
  });

  it('rejects ROLLED_BACK when less is stored, and what the backend says when it is away', async () => {
    const open = await openStore<Meta>();
    const older = snapshot(open.backend);
    open.store.setSymbolMetadata('A', { n: 1 });
    await open.store.flush();
    rollBack(open.backend, older);
    expect((await rejection(open.store.verifyOwnership())).code).toBe('ROLLED_BACK');
  });

  it('makes an empty commit where the durability is that of replicas', async () => {
    const backend = new MemoryBackend();
    const fakeClock = new FakeClock();
    class Replicated extends MemoryDriver {
      override readonly capabilities = {
        durability: 'replicated',
        atomicCommit: true,
        conditionalCommit: true,
        sharedAcrossProcesses: true,
      } as const;
    }
    const driver = new ScriptedDriver(new Replicated({ backend }), fakeClock);
    const open = createStore<Meta>({ backend, driver, fakeClock });
    await open.store.restore();
    driver.sent.length = 0;
    await open.store.verifyOwnership();
    await open.store.verifyOwnership();
    expect(driver.sent).toHaveLength(2);
    await openStore<Meta>({ backend });
    expect((await rejection(open.store.verifyOwnership())).code).toBe('FENCED');
  });
});

describe('a value that cannot be encoded, with nobody listening', () => {
  it('is named by the status, with the error', async () => {
    const open = await openStore<Meta>();
    open.store.setSymbolMetadata('A', { n: Number.NaN });
    await open.clock.advance(1_000);
    expect(open.store.persistenceStatus()).toMatchObject({
      lastError: { code: 'ENCODE' },
      rejected: ['metadata/A'],
      pendingRecords: 1,
    });
  });
});

describe('a batch that is slower than its deadline', () => {
  it('gets more time with each attempt, up to a minute, and less again after a success', async () => {
    const open = await openStore<Meta>({ flush: { commitTimeoutMs: 3_000, retryMaxMs: 1_000 } });
    open.driver.faults.push('late', 'late', 'late', 'late', 'late', 'late');
    open.store.setSymbolMetadata('A', { n: 1 });
    await open.clock.advance(400_000);
    open.store.setSymbolMetadata('A', { n: 2 });
    await open.clock.advance(1_000);
    expect(open.driver.sent.map(({ options }) => options.timeoutMs)).toEqual([
      3_000, 6_000, 12_000, 24_000, 48_000, 60_000, 60_000, 3_000,
    ]);
  });
});

describe('createId that throws in close()', () => {
  it('keeps nothing from being closed and opened again', async () => {
    let fails = false;
    const createId = (): string => {
      if (fails) throw new Error('no more ids');
      return crypto.randomUUID();
    };
    const open = await openStore<Meta>({ createId });
    open.store.setSymbolMetadata('A', { n: 1 });
    await open.store.flush();
    fails = true;
    await open.store.close();
    fails = false;
    const again = createStore<Meta>({ driver: open.driver, createId });
    expect((await again.store.restore()).records).toBe(1);
  });
});
