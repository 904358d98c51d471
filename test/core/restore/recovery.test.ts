import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { AccountKeeperError } from '../../../src/core/errors.js';
import { readHighWaters } from '../../../src/core/local-files/high-water-file.js';
import { parseHeadMeta } from '../../../src/core/ownership/head-meta.js';
import type { RestoreOptions } from '../../../src/core/restore/restore-options.js';
import { MemoryBackend } from '../../../src/drivers/memory/backend.js';
import { MemoryDriver } from '../../../src/drivers/memory/driver.js';
import { rollBack, SmallDriver, snapshot } from '../../support/backend-history.js';
import { FakeClock } from '../../support/fake-clock.js';
import {
  ACCOUNT,
  closeUnpersisted,
  createStore,
  type OpenStore,
  type OpenStoreOptions,
  openStore,
  rejection,
} from '../../support/open-store.js';
import { ScriptedDriver } from '../../support/scripted-driver.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

type Meta = { readonly n: number };

let directory = '';

beforeEach(() => {
  directory = temporaryFolder('recovery');
});

/** A store that writes its files into the folder, and knows nothing else. */
function kept(options: OpenStoreOptions<Meta> = {}): OpenStore<Meta> {
  return createStore<Meta>({ highWater: { directory }, spill: { directory }, ...options });
}

async function opened(options: OpenStoreOptions<Meta> = {}): Promise<OpenStore<Meta>> {
  const open = kept(options);
  await open.store.restore();
  open.driver.sent.length = 0;
  return open;
}

async function write({ store }: OpenStore<Meta>, values: Readonly<Record<string, number | undefined>>): Promise<void> {
  store.transaction(() => {
    for (const [symbol, n] of Object.entries(values)) {
      if (n === undefined) store.deletePositionMetadata(symbol);
      else store.setSymbolMetadata(symbol, { n });
    }
  });
  await store.flush();
}

/** The operator copies a choice out of the message. */
function pasted(message: unknown, keep: 'backend' | 'local'): RestoreOptions {
  const choices = [...String(message).matchAll(/restore\((\{ onRolledBack: \{.*?\} \})\)/g)].map(([, text]) => text);
  const text = choices.find((each) => each?.includes(`'${keep}'`));
  if (text === undefined) throw new Error(`there is no choice ${keep} in: ${String(message)}`);
  return JSON.parse(text.replaceAll("'", '"').replace(/([{,] )(\w+):/g, '$1"$2":')) as RestoreOptions;
}

async function metaOf(backend: MemoryBackend): Promise<ReturnType<typeof parseHeadMeta>> {
  return parseHeadMeta((await new MemoryDriver({ backend }).head(ACCOUNT))?.meta ?? '');
}

describe('persistAll() after a rollback', () => {
  it('writes what is in memory also when the newer data come back while it looks', async () => {
    const open = await opened();
    await write(open, { A: 1 });
    const older = snapshot(open.backend);
    await write(open, { A: 2, B: 1 });
    const newer = snapshot(open.backend);
    rollBack(open.backend, older);
    open.store.setSymbolMetadata('C', { n: 1 });
    expect((await rejection(open.store.flush())).code).toBe('ROLLED_BACK');
    const { load } = open.driver;
    open.driver.load = (...args) => {
      open.driver.load = load;
      rollBack(open.backend, newer);
      return load.apply(open.driver, args);
    };
    await open.store.persistAll();
    expect(await open.stored()).toEqual({
      'metadata/A': '{"n":2}',
      'metadata/B': '{"n":1}',
      'metadata/C': '{"n":1}',
    });
  });

  async function rolledBack(): Promise<OpenStore<Meta>> {
    const open = await opened();
    await write(open, { A: 1, gone: 1 });
    const older = snapshot(open.backend);
    await write(open, { A: 2, gone: undefined });
    rollBack(open.backend, older);
    return open;
  }

  const whole = { 'metadata/A': '{"n":2}', 'metadata/B': '{"n":1}' };

  it.each(['refuse', 'lose-request', 'lose-reply', 'unbranded'] as const)(
    'brings no acknowledged delete back when its first attempt fails (%s)',
    async (fault) => {
      const open = await rolledBack();
      open.store.setSymbolMetadata('B', { n: 1 });
      await rejection(open.store.flush());
      open.driver.faults.push(fault);
      await rejection(open.store.persistAll());
      await open.clock.advance(60_000);
      expect(await open.stored()).toEqual(whole);
    },
  );

  it('brings none back when another error came between', async () => {
    const open = await rolledBack();
    open.store.setSymbolMetadata('B', { n: 1 });
    await rejection(open.store.flush());
    open.driver.faults.push('refuse');
    await rejection(open.store.flush());
    await open.store.persistAll();
    expect(await open.stored()).toEqual(whole);
  });

  it('writes nothing when nobody knew of the rollback, and everything when it is called again', async () => {
    const open = await rolledBack();
    open.store.setSymbolMetadata('B', { n: 1 });
    expect((await rejection(open.store.persistAll())).code).toBe('ROLLED_BACK');
    expect(await open.stored()).toEqual({ 'metadata/A': '{"n":1}', 'metadata/gone': '{"n":1}' });
    await open.store.persistAll();
    expect(await open.stored()).toEqual(whole);
  });

  it('is one attempt, above every revision that was acknowledged', async () => {
    const open = await rolledBack();
    const { revision = 0 } = open.store.persistenceStatus();
    open.store.setSymbolMetadata('B', { n: 1 });
    await rejection(open.store.flush());
    open.driver.sent.length = 0;
    await open.store.persistAll();
    expect(open.driver.sent).toHaveLength(1);
    expect(open.store.persistenceStatus().revision).toBe(revision + 1);
  });

  it.each(['late', 'lose-reply', 'lose-request'] as const)(
    'is no obstacle when it timed out and the newer data are back (%s)',
    async (fault) => {
      const open = await opened();
      await write(open, { A: 1 });
      const older = snapshot(open.backend);
      await write(open, { A: 2, D: 1 });
      const newest = snapshot(open.backend);
      rollBack(open.backend, older);
      open.store.setSymbolMetadata('B', { n: 1 });
      await rejection(open.store.flush());
      open.driver.faults.push(fault);
      const persisted = rejection(open.store.persistAll({ timeoutMs: 100 }));
      await open.clock.advance(1);
      rollBack(open.backend, newest);
      await open.clock.advance(200);
      await persisted;
      await open.clock.advance(120_000);
      expect(open.store.persistenceStatus()).toMatchObject({ state: 'idle', lastError: undefined });
      expect(await open.stored()).toEqual({
        'metadata/A': '{"n":2}',
        'metadata/B': '{"n":1}',
        'metadata/D': '{"n":1}',
      });
    },
  );

  it('is taken back from a spill file with its deletes, above the lost revisions', async () => {
    const open = await rolledBack();
    const { revision = 0 } = open.store.persistenceStatus();
    open.store.setSymbolMetadata('B', { n: 1 });
    await rejection(open.store.flush());
    open.driver.faults.push('lose-request');
    await rejection(open.store.persistAll());
    await closeUnpersisted(open);
    const next = kept({ backend: open.backend });
    const { message } = await rejection(next.store.restore());
    const result = await next.store.restore(pasted(message, 'local'));
    expect(result.revision).toBeGreaterThan(revision);
    expect(await next.stored()).toEqual(whole);
    expect(next.store.getAllSymbolMetadata()).toEqual({ A: { n: 2 }, B: { n: 1 } });
    expect(readdirSync(directory).filter((name) => name.endsWith('.spill'))).toEqual([]);
  });

  it('writes over a request of before that comes back with the newer data', async () => {
    const open = await opened();
    await write(open, { A: 1, B: 1 });
    const older = snapshot(open.backend);
    await write(open, { A: 2 });
    open.driver.faults.push('lose-reply');
    open.store.setSymbolMetadata('A', { n: 3 });
    open.store.deletePositionMetadata('B');
    await rejection(open.store.flush());
    const newest = snapshot(open.backend);
    rollBack(open.backend, older);
    await rejection(open.store.flush());
    open.store.setSymbolMetadata('A', { n: 4 });
    await open.store.persistAll();
    rollBack(open.backend, newest);
    open.store.setSymbolMetadata('C', { n: 1 });
    await rejection(open.store.flush());
    await open.store.persistAll();
    expect(await open.stored()).toEqual({ 'metadata/A': '{"n":4}', 'metadata/C': '{"n":1}' });
  });
});

describe('a branch that was cut off by a rollback and grown over', () => {
  it('is recognised by the running store, which is fenced, says so, and spills the whole account', async () => {
    const open = await opened();
    await write(open, { A: 1 });
    const older = snapshot(open.backend);
    await write(open, { A: 2 });
    rollBack(open.backend, older);
    const other = await openStore<Meta>({ backend: open.backend });
    for (const n of [10, 11, 12]) await write(other, { X: n });
    const fenced: unknown[] = [];
    open.store.on('fenced', (event) => fenced.push(event.rolledBack));
    open.store.setSymbolMetadata('B', { n: 1 });
    expect((await rejection(open.store.flush())).code).toBe('FENCED');
    expect(fenced).toEqual([true]);
    expect(readdirSync(directory).filter((name) => name.endsWith('.spill'))).toHaveLength(1);
  });

  it('is recognised by the next restore, although more is stored', async () => {
    const open = await opened();
    await write(open, { A: 1 });
    const older = snapshot(open.backend);
    for (const n of [2, 3, 4]) await write(open, { A: n });
    await open.store.close();
    rollBack(open.backend, older);
    const other = await openStore<Meta>({ backend: open.backend });
    for (let n = 0; n < 20; n += 1) await write(other, { X: n });
    const next = kept({ backend: open.backend });
    const error = await rejection(next.store.restore());
    expect(error.code).toBe('ROLLED_BACK');
    await next.store.restore(pasted(error['message'], 'backend'));
    expect(next.store.getSymbolMetadata('X')).toEqual({ n: 19 });
    await next.store.close();
    // Said once, it holds.
    expect((await kept({ backend: open.backend }).store.restore()).status).toBe('restored');
  });

  it('is not written over by persistAll() before it has grown as long', async () => {
    const open = await opened();
    await write(open, { A: 1 });
    const older = snapshot(open.backend);
    for (const n of [2, 3, 4, 5]) await write(open, { A: n });
    rollBack(open.backend, older);
    const other = await openStore<Meta>({ backend: open.backend });
    await write(other, { X: 1 });
    open.store.setSymbolMetadata('B', { n: 1 });
    expect((await rejection(open.store.flush())).code).toBe('ROLLED_BACK');
    expect((await rejection(open.store.persistAll())).code).toBe('FENCED');
    await write(other, { X: 2 });
    expect(await other.stored()).toEqual({ 'metadata/A': '{"n":1}', 'metadata/X': '{"n":2}' });
  });

  it('is not seen in an account that was merely taken over', async () => {
    const open = await opened();
    await write(open, { A: 1 });
    await openStore<Meta>({ backend: open.backend });
    const rolledBack: unknown[] = [];
    open.store.on('fenced', (event) => rolledBack.push(event.rolledBack));
    open.store.setSymbolMetadata('A', { n: 2 });
    await rejection(open.store.flush());
    expect(rolledBack).toEqual([false]);
    expect((await kept({ backend: open.backend }).store.restore()).status).toBe('restored');
  });
});

describe('the lineage of an account', () => {
  it('is drawn by its first commit, and kept by everybody who writes it', async () => {
    const backend = new MemoryBackend();
    const first = await openStore<Meta>({ backend });
    const { lineage } = await metaOf(backend);
    await write(first, { A: 1 });
    const second = await openStore<Meta>({ backend });
    await write(second, { A: 2 });
    await second.store.close();
    const { claims, lineage: after } = await metaOf(backend);
    expect(lineage).toEqual(expect.any(String));
    expect(after).toBe(lineage);
    expect(claims.map(({ base }) => base)).toEqual([0, 2]);
  });

  it('is given to an account that an earlier version wrote', async () => {
    const backend = new MemoryBackend();
    const driver = new MemoryDriver({ backend });
    const batch = { upserts: new Map([['metadata/A', '1;json;{"n":1}']]), deletes: new Set<string>() };
    await driver.commit(ACCOUNT, batch, { expected: undefined, writerId: 'old', writeId: 'w1' });
    await opened({ backend });
    expect((await metaOf(backend)).lineage).toEqual(expect.any(String));
  });

  it('remembers the last 32 claims', async () => {
    const backend = new MemoryBackend();
    for (let n = 0; n < 40; n += 1) await openStore<Meta>({ backend });
    const { claims } = await metaOf(backend);
    expect(claims).toHaveLength(32);
    expect(claims.at(-1)?.base).toBe(39);
  });

  it('keeps the files of two backends in one folder apart', async () => {
    const one = await opened();
    for (const n of [1, 2, 3, 4, 5]) await write(one, { A: n });
    await one.store.close();
    const before = readdirSync(directory);
    const backend = new MemoryBackend();
    const two = kept({ backend });
    const error = await rejection(two.store.restore());
    expect(error.code).toBe('ROLLED_BACK');
    const result = await two.store.restore(pasted(error['message'], 'backend'));
    expect(result.foreignFiles).toHaveLength(1);
    await write(two, { B: 1 });
    await two.store.close();
    const again = kept({ backend });
    expect((await again.store.restore()).foreignFiles).toHaveLength(1);
    await again.store.close();
    const back = kept({ backend: one.backend });
    await back.store.restore();
    expect(back.store.getSymbolMetadata('A')).toEqual({ n: 5 });
    expect(readdirSync(directory)).toEqual(expect.arrayContaining(before));
  });

  it('settles the word for a folder that holds spill files alone', async () => {
    const one = await openStore<Meta>({ spill: { directory } });
    await write(one, { A: 1 });
    one.store.setSymbolMetadata('A', { n: 2 });
    await closeUnpersisted(one);
    const backend = new MemoryBackend();
    const two = createStore<Meta>({ backend, spill: { directory } });
    const { message } = await rejection(two.store.restore());
    await two.store.restore(pasted(message, 'backend'));
    await two.store.close();
    const spills = readdirSync(directory).filter((name) => name.endsWith('.spill'));
    expect(spills).toHaveLength(1);
    const three = createStore<Meta>({ backend, spill: { directory } });
    expect((await three.store.restore()).foreignFiles).toHaveLength(1);
    const back = createStore<Meta>({ backend: one.backend, spill: { directory } });
    await back.store.restore();
    expect(back.store.getSymbolMetadata('A')).toEqual({ n: 2 });
  });
});

describe("the operator's word", () => {
  async function wiped(): Promise<OpenStore<Meta>> {
    const open = await opened();
    await write(open, { A: 1, B: 1 });
    open.store.setSymbolMetadata('A', { n: 2 });
    await closeUnpersisted(open);
    rollBack(open.backend);
    return open;
  }

  it('brings the account back from its spill file to a backend that was emptied', async () => {
    const { backend } = await wiped();
    const next = kept({ backend });
    const { code, message } = await rejection(next.store.restore());
    expect(code).toBe('ROLLED_BACK');
    const result = await next.store.restore(pasted(message, 'local'));
    expect(result.records).toBe(2);
    expect(await next.stored()).toEqual({ 'metadata/A': '{"n":2}', 'metadata/B': '{"n":1}' });
  });

  it('is good for the head that it names alone', async () => {
    const { backend } = await wiped();
    const other = await openStore<Meta>({ backend });
    await write(other, { X: 1 });
    const next = kept({ backend });
    const word = { onRolledBack: { keep: 'backend', revision: 0, writeId: '' } } as const;
    const error = await rejection(next.store.restore(word));
    expect(error.code).toBe('ROLLED_BACK');
    await next.store.restore(pasted(error['message'], 'backend'));
    expect(next.store.getAllSymbolMetadata()).toEqual({ X: { n: 1 } });
  });

  it('overrides neither mustExist nor minRevision', async () => {
    const { backend } = await wiped();
    const onRolledBack = { keep: 'backend', revision: 0, writeId: '' } as const;
    for (const options of [{ mustExist: true }, { minRevision: 1 }]) {
      expect((await rejection(kept({ backend }).store.restore({ ...options, onRolledBack }))).code).toBe('ROLLED_BACK');
    }
  });

  it('takes no file of a store that was fenced, nor one that is older than what is known', async () => {
    const open = await opened();
    await write(open, { A: 1 });
    const older = snapshot(open.backend);
    const other = kept({ backend: open.backend });
    await other.store.restore();
    open.store.setSymbolMetadata('A', { n: 2 });
    await rejection(open.store.flush());
    await open.store.close().catch(() => undefined);
    await write(other, { A: 3 });
    await other.store.close();
    rollBack(open.backend, older);
    const next = kept({ backend: open.backend });
    const error = await rejection(next.store.restore());
    expect(String(error['message'])).toContain("'backend'");
    expect(String(error['message'])).not.toContain("'local'");
    const head = await new MemoryDriver({ backend: open.backend }).head(ACCOUNT);
    const onRolledBack = { keep: 'local', revision: head?.revision ?? 0, writeId: head?.writeId ?? '' } as const;
    expect((await rejection(next.store.restore({ onRolledBack }))).code).toBe('ROLLED_BACK');
  });

  it('is heard by a driver that remembers more than is stored', async () => {
    const backend = new MemoryBackend();
    const clock = new FakeClock();
    const driver = new ScriptedDriver(new MemoryDriver({ backend }), clock);
    const first = createStore<Meta>({ driver, backend });
    await first.store.restore();
    await write({ ...first, driver }, { A: 1 });
    const older = snapshot(backend);
    await write({ ...first, driver }, { A: 2 });
    await first.store.close();
    rollBack(backend, older);
    const next = createStore<Meta>({ driver, backend });
    const { code, message } = await rejection(next.store.restore());
    expect(code).toBe('ROLLED_BACK');
    await next.store.restore(pasted(message, 'backend'));
    expect(next.store.getSymbolMetadata('A')).toEqual({ n: 1 });
    await write({ ...next, driver }, { A: 3 });
    expect(await next.stored()).toEqual({ 'metadata/A': '{"n":3}' });
  });
});

describe('what needs several commits', () => {
  const limits = { batchRecords: 4 };

  async function many(backend: MemoryBackend, count = 11): Promise<OpenStore<Meta>> {
    const clock = new FakeClock();
    const driver = new ScriptedDriver(new SmallDriver(backend, limits), clock);
    const open = { ...kept({ backend, driver, fakeClock: clock }), driver };
    await open.store.restore();
    for (let n = 0; n < count; n += 1) await write(open, { [`S${n}`]: 1 });
    return open;
  }

  function small(backend: MemoryBackend, faults: ScriptedDriver['faults'] = []): OpenStore<Meta> {
    const clock = new FakeClock();
    const driver = new ScriptedDriver(new SmallDriver(backend, limits), clock);
    driver.faults.push(...faults);
    return { ...kept({ backend, driver, fakeClock: clock }), driver };
  }

  it('is marked until the last one: persistAll() above a rollback', async () => {
    const backend = new MemoryBackend();
    const open = await many(backend);
    const older = snapshot(backend);
    for (let n = 0; n < 11; n += 1) await write(open, { [`S${n}`]: 2 });
    rollBack(backend, older);
    open.store.setSymbolMetadata('S0', { n: 3 });
    await rejection(open.store.flush());
    open.driver.faults.push(undefined, ...Array.from({ length: 100 }, () => 'refuse' as const));
    await rejection(open.store.persistAll());
    expect((await metaOf(backend)).unfinished).toMatchObject({ part: 1 });
    // Whoever finds the half of it, and nothing else, does not take it for an account.
    expect((await rejection(createStore<Meta>({ backend }).store.restore())).code).toBe('CORRUPT');
    expect((await rejection(createStore<Meta>({ backend, ownership: 'read-only' }).store.restore())).code).toBe(
      'CORRUPT',
    );
    open.driver.faults.length = 0;
    await open.clock.advance(120_000);
    expect((await metaOf(backend)).unfinished).toBeUndefined();
    const values = Object.values(await open.stored());
    expect(values.sort()).toEqual([...Array.from({ length: 10 }, () => '{"n":2}'), '{"n":3}']);
  });

  it('is continued from the spill file of the store that began it', async () => {
    const backend = new MemoryBackend();
    const open = await many(backend);
    const older = snapshot(backend);
    for (let n = 0; n < 11; n += 1) await write(open, { [`S${n}`]: 2 });
    rollBack(backend, older);
    open.store.setSymbolMetadata('S0', { n: 3 });
    await rejection(open.store.flush());
    open.driver.faults.push(undefined, ...Array.from({ length: 1_000 }, () => 'refuse' as const));
    await rejection(open.store.persistAll());
    await closeUnpersisted(open);
    const next = small(backend);
    await next.store.restore();
    expect(Object.values(await next.stored()).sort()).toEqual([
      ...Array.from({ length: 10 }, () => '{"n":2}'),
      '{"n":3}',
    ]);
    expect((await metaOf(backend)).unfinished).toBeUndefined();
  });

  it.each([1, 2, 3])('a spill replays whatever its size, also after a crash at its commit %i', async (landed) => {
    const backend = new MemoryBackend();
    const open = await many(backend);
    open.driver.faults.push(...Array.from({ length: 1_000 }, () => 'refuse' as const));
    for (let n = 0; n < 11; n += 1) {
      open.store.setSymbolMetadata(`S${n}`, { n: 2 });
      await Promise.resolve();
      await Promise.resolve();
    }
    await closeUnpersisted(open);
    const crashed = small(backend, [
      ...Array.from({ length: landed }, () => undefined),
      ...Array.from({ length: 100 }, () => ({ error: new AccountKeeperError('CONFIG', 'scripted: gone') })),
    ]);
    await crashed.store.restore().catch(() => undefined);
    if (landed < 3) expect((await rejection(createStore<Meta>({ backend }).store.restore())).code).toBe('CORRUPT');
    const next = small(backend);
    const result = await next.store.restore();
    expect(result.records).toBe(11);
    expect(Object.values(await next.stored())).toEqual(Array.from({ length: 11 }, () => '{"n":2}'));
    expect(readdirSync(directory).filter((name) => name.endsWith('.spill'))).toEqual([]);
  });

  it('keeps what is stored when the operator says so', async () => {
    const backend = new MemoryBackend();
    const open = await many(backend);
    const older = snapshot(backend);
    for (let n = 0; n < 11; n += 1) await write(open, { [`S${n}`]: 2 });
    rollBack(backend, older);
    open.store.setSymbolMetadata('S0', { n: 3 });
    await rejection(open.store.flush());
    open.driver.faults.push(undefined, ...Array.from({ length: 100 }, () => 'refuse' as const));
    await rejection(open.store.persistAll());
    const next = createStore<Meta>({ backend });
    const { message } = await rejection(next.store.restore());
    expect((await next.store.restore(pasted(message, 'backend'))).records).toBe(11);
    expect((await metaOf(backend)).unfinished).toBeUndefined();
  });
});

describe('a restore beside an owner', () => {
  it('is not told of a rollback when the owner commits, and notes it, during the load', async () => {
    const owner = await opened();
    await write(owner, { A: 1 });
    const next = kept({ backend: owner.backend });
    const { load } = next.driver;
    let loads = 0;
    next.driver.load = async (...args) => {
      const loaded = await load.apply(next.driver, args);
      loads += 1;
      if (loads === 1) await write(owner, { A: 2 });
      const { revision } = owner.store.persistenceStatus();
      const noted = (): boolean => readHighWaters(directory, ACCOUNT).some((high) => high.revision === revision);
      while (!noted()) await new Promise((resolve) => setImmediate(resolve));
      return loaded;
    };
    await next.store.restore();
    expect(next.store.getSymbolMetadata('A')).toEqual({ n: 2 });
  });

  it('is told when the backend is emptied during the load, and only then a file says what it held', async () => {
    const owner = await opened();
    await write(owner, { A: 1 });
    await owner.store.close();
    const [name = ''] = readdirSync(directory);
    const file = join(directory, name);
    const text = readFileSync(file);
    rmSync(file);
    const next = kept({ backend: owner.backend });
    const { load } = next.driver;
    next.driver.load = async (...args) => {
      rollBack(owner.backend);
      writeFileSync(file, text);
      return load.apply(next.driver, args);
    };
    expect((await rejection(next.store.restore())).code).toBe('ROLLED_BACK');
    expect([...owner.backend.keys()]).toEqual([]);
  });
});
