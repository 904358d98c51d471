import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { AccountKeeperError } from '../../../src/core/errors.js';
import { parseSpill } from '../../../src/core/local-files/spill-file.js';
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
  cutOff,
  type OpenStore,
  type OpenStoreOptions,
  openStore,
  rejection,
} from '../../support/open-store.js';
import { ScriptedDriver } from '../../support/scripted-driver.js';
import { SilentDriver } from '../../support/silent-driver.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

type Meta = { readonly n: number };

let directory = '';

beforeEach(() => {
  directory = temporaryFolder('recovery-corners');
});

const SMALL = { batchRecords: 4 };

/** A store that writes its files into the folder. With `limits`, its driver takes little at once. */
function kept({
  limits,
  ...options
}: OpenStoreOptions<Meta> & { readonly limits?: typeof SMALL } = {}): OpenStore<Meta> {
  const { backend = new MemoryBackend(), fakeClock = new FakeClock() } = options;
  const files = { highWater: { directory }, spill: { directory } };
  if (limits === undefined) return createStore<Meta>({ ...files, ...options });
  const driver = new ScriptedDriver(new SmallDriver(backend, limits), fakeClock);
  return { ...createStore<Meta>({ ...files, ...options, backend, driver, fakeClock }), driver };
}

async function opened(options: Parameters<typeof kept>[0] = {}): Promise<OpenStore<Meta>> {
  const open = kept(options);
  await open.store.restore();
  open.driver.sent.length = 0;
  return open;
}

async function write({ store }: OpenStore<Meta>, values: Readonly<Record<string, number>>): Promise<void> {
  for (const [symbol, n] of Object.entries(values)) store.setSymbolMetadata(symbol, { n });
  await store.flush();
}

/** Each change a group of its own. */
async function inGroups({ store }: OpenStore<Meta>, values: Readonly<Record<string, number>>): Promise<void> {
  for (const [symbol, n] of Object.entries(values)) {
    store.setSymbolMetadata(symbol, { n });
    await Promise.resolve();
    await Promise.resolve();
  }
}

function filesWith(ending: string): readonly string[] {
  return readdirSync(directory).filter((name) => name.endsWith(ending));
}

function headOf(backend: MemoryBackend): ReturnType<MemoryDriver['head']> {
  return new MemoryDriver({ backend }).head(ACCOUNT);
}

async function word(keep: 'backend' | 'local', backend: MemoryBackend): Promise<RestoreOptions> {
  const { revision = 0, writeId = '' } = (await headOf(backend)) ?? {};
  return { onRolledBack: { keep, revision, writeId } };
}

const NUMBERED = Object.fromEntries(Array.from({ length: 11 }, (_, n) => [`S${n}`, 2]));

describe('a record of a spill that the backend refuses', () => {
  async function spilled(values: Readonly<Record<string, number>>, limits?: typeof SMALL): Promise<OpenStore<Meta>> {
    const open = await opened(limits === undefined ? {} : { limits });
    await write(open, { bad: 1 });
    cutOff(open);
    await inGroups(open, values);
    await closeUnpersisted(open);
    return open;
  }

  it.each([
    { name: 'named', namesRecords: true, expected: { A: { n: 1 }, bad: { n: 1 } } },
    { name: 'with its whole batch', namesRecords: false, expected: { bad: { n: 1 } } },
  ])('is left out of the replay, reported, and kept in a file ($name)', async ({ namesRecords, expected }) => {
    const { backend } = await spilled({ A: 1, bad: 2 });
    const next = kept({ backend });
    next.driver.poison.add('metadata/bad');
    next.driver.namesRecords = namesRecords;
    expect((await next.store.restore()).spills?.replayed).toHaveLength(1);
    expect(next.store.getAllSymbolMetadata()).toEqual(expected);
    expect(Object.keys(await next.stored())).toHaveLength(Object.keys(expected).length);
    const reported = next.events
      .filter(({ name }) => name === 'record-rejected')
      .map(({ event }) => event['recordKey']);
    expect(reported).toContain('metadata/bad');
    expect(filesWith('.spill')).toEqual([]);
    const [file = ''] = filesWith('.refused');
    expect(parseSpill(readFileSync(join(directory, file))).records.get('metadata/bad')).toContain('{"n":2}');
    next.store.setSymbolMetadata('B', { n: 1 });
    next.driver.poison.clear();
    await next.store.close();
    expect((await kept({ backend }).store.restore()).spills).toMatchObject({ replayed: [], conflicting: [] });
  });

  it('is left out of its part alone, where a spill needs several, also in the whole of keep: local', async () => {
    const values = { ...NUMBERED, bad: 2 };
    const { backend } = await spilled(values, SMALL);
    rollBack(backend);
    const next = kept({ backend, limits: SMALL });
    next.driver.poison.add('metadata/bad').add('metadata/S7');
    await rejection(next.store.restore());
    await next.store.restore(await word('local', backend));
    const { S7: _, ...others } = NUMBERED;
    expect(next.store.getSymbolsWithMetadata().sort()).toEqual(Object.keys(others).sort());
    expect(Object.keys(await next.stored()).length).toBe(10);
    expect(parseHeadMeta((await headOf(backend))?.meta ?? '').unfinished).toBeUndefined();
    expect(filesWith('.refused')).toHaveLength(1);
  });

  it('does not make nothing of the whole of keep: local when the refusal names none', async () => {
    const { backend } = await spilled({ A: 1, bad: 2 });
    rollBack(backend);
    const next = kept({ backend });
    next.driver.poison.add('metadata/bad');
    next.driver.namesRecords = false;
    expect((await rejection(next.store.restore(await word('local', backend)))).code).toBe('INVALID_VALUE');
    expect([...backend.keys()]).toEqual([]);
    next.driver.poison.clear();
    expect((await next.store.restore(await word('local', backend))).records).toBe(2);
  });

  it('stays in its file when the process ends right after the claim', async () => {
    const { backend } = await spilled({ A: 1, bad: 2 });
    const crashed = kept({ backend, limits: SMALL });
    crashed.driver.poison.add('metadata/bad');
    const { commit } = crashed.driver;
    crashed.driver.commit = async (...args) => {
      await commit.apply(crashed.driver, args);
      throw new AccountKeeperError('CONFIG', 'scripted: gone');
    };
    await rejection(crashed.store.restore());
    const next = kept({ backend });
    await next.store.restore();
    expect(next.store.getSymbolMetadata('A')).toEqual({ n: 1 });
    expect(filesWith('.spill')).toEqual([]);
    expect(filesWith('.refused')).toHaveLength(1);
  });
});

describe('the whole of keep: local', () => {
  it('takes the place of the records that are persisted, and of nothing else', async () => {
    const open = await opened();
    await write(open, { A: 1 });
    const { backend } = open;
    open.store.setSymbolMetadata('A', { n: 2 });
    await closeUnpersisted(open);
    rollBack(backend);
    const other = await openStore<Meta>({ backend });
    await write(other, { X: 1 });
    const unknown = { upserts: new Map([['future/x', 'anything']]), deletes: new Set<string>() };
    const expected = await headOf(backend);
    const meta = expected?.meta ?? '';
    await new MemoryDriver({ backend }).commit(ACCOUNT, unknown, { expected, meta, writerId: 'w', writeId: 'later' });
    const next = kept({ backend });
    await next.store.restore(await word('local', backend));
    expect(next.store.getAllSymbolMetadata()).toEqual({ A: { n: 2 } });
    expect(Object.keys(await next.stored()).sort()).toEqual(['future/x', 'metadata/A']);
  });

  it('leaves what is stored of a record that could not be encoded', async () => {
    const open = await opened();
    await write(open, { A: 1, bad: 1 });
    const older = snapshot(open.backend);
    await write(open, { A: 2 });
    cutOff(open);
    open.store.setSymbolMetadata('bad', { n: Number.NaN });
    open.store.setSymbolMetadata('A', { n: 3 });
    await closeUnpersisted(open);
    rollBack(open.backend, older);
    const next = kept({ backend: open.backend });
    await next.store.restore(await word('local', open.backend));
    expect(await next.stored()).toEqual({ 'metadata/A': '{"n":3}', 'metadata/bad': '{"n":1}' });
  });

  it('carries the history of its account on, above all that was acknowledged', async () => {
    const open = await opened();
    for (const n of [1, 2, 3]) await write(open, { A: n });
    const { revision = 0 } = open.store.persistenceStatus();
    const before = parseHeadMeta((await headOf(open.backend))?.meta ?? '');
    open.store.setSymbolMetadata('A', { n: 4 });
    await closeUnpersisted(open);
    rollBack(open.backend);
    const next = kept({ backend: open.backend });
    await next.store.restore(await word('local', open.backend));
    const head = await headOf(open.backend);
    const { claims, lineage } = parseHeadMeta(head?.meta ?? '');
    expect(lineage).toBe(before.lineage);
    expect(claims).toEqual([...before.claims, { base: revision, writerId: head?.writerId }]);
  });
});

describe('a reader of an account that was rolled back', () => {
  it.each(['older', 'empty', 'grown over'] as const)(
    'shows what is stored when the operator says so, and nothing less before (%s)',
    async (kind) => {
      const owner = await openStore<Meta>();
      const { backend } = owner;
      await write(owner, { A: 1 });
      const older = snapshot(backend);
      await write(owner, { A: 2, B: 1 });
      const reader = createStore<Meta>({ backend, ownership: 'read-only' });
      await reader.store.restore();
      rollBack(backend, kind === 'empty' ? new Map() : older);
      if (kind === 'grown over') for (const n of [3, 4]) await write(await openStore<Meta>({ backend }), { A: n });
      expect((await rejection(reader.store.refresh())).code).toBe('ROLLED_BACK');
      const wrong = { onRolledBack: { keep: 'backend', revision: 1, writeId: 'another' } } as const;
      expect((await rejection(reader.store.refresh(wrong))).code).toBe('ROLLED_BACK');
      expect(reader.store.getSymbolMetadata('A')).toEqual({ n: 2 });
      const { revision } = await reader.store.refresh(await word('backend', backend));
      expect(reader.store.persistenceStatus().revision).toBe(revision);
      expect(reader.store.getAllSymbolMetadata()).toEqual(
        { older: { A: { n: 1 } }, empty: {}, 'grown over': { A: { n: 4 } } }[kind],
      );
      expect((await reader.store.refresh()).revision).toBe(revision);
    },
  );

  it('was opened at the word, and follows the owner from there on', async () => {
    const owner = await opened();
    const { backend } = owner;
    await write(owner, { A: 1 });
    const older = snapshot(backend);
    await write(owner, { A: 2 });
    await owner.store.close();
    rollBack(backend, older);
    const reader = kept({ backend, ownership: 'read-only' });
    await rejection(reader.store.restore());
    await reader.store.restore(await word('backend', backend));
    expect((await reader.store.refresh()).records).toBe(1);
    const next = await openStore<Meta>({ backend });
    await write(next, { A: 5 });
    expect((await rejection(reader.store.refresh())).code).toBe('ROLLED_BACK');
    await reader.store.refresh(await word('backend', backend));
    expect(reader.store.getSymbolMetadata('A')).toEqual({ n: 5 });
  });

  it('follows the owner also beside files of another backend, once the operator has said whose they are', async () => {
    const other = await opened();
    await write(other, { X: 1 });
    await other.store.close();
    const owner = await openStore<Meta>();
    const { backend } = owner;
    await write(owner, { A: 1 });
    const reader = kept({ backend, ownership: 'read-only' });
    expect((await rejection(reader.store.restore())).code).toBe('ROLLED_BACK');
    await reader.store.restore(await word('backend', backend));
    await write(owner, { A: 2 });
    await reader.store.refresh();
    expect(reader.store.getSymbolMetadata('A')).toEqual({ n: 2 });
  });

  it('does not go back by a refresh that began before the owner went on', async () => {
    const owner = await openStore<Meta>();
    const { backend } = owner;
    await write(owner, { A: 1 });
    const reader = createStore<Meta>({ backend, ownership: 'read-only' });
    await reader.store.restore(await word('backend', backend));
    const { load } = reader.driver;
    reader.driver.load = async (...args) => {
      reader.driver.load = load;
      const loaded = await load.apply(reader.driver, args);
      await write(owner, { A: 2 });
      await reader.store.refresh();
      return loaded;
    };
    await reader.store.refresh();
    expect(reader.store.getSymbolMetadata('A')).toEqual({ n: 2 });
  });
});

describe('a record that was refused and is marked again with everything', () => {
  it.each(['afterwards', 'while it is in flight'] as const)('is named by flush() (%s)', async (when) => {
    const open = await openStore<Meta>();
    open.driver.poison.add('metadata/bad');
    open.store.setSymbolMetadata('bad', { n: 1 });
    const flushed = rejection(open.store.flush());
    if (when === 'afterwards') await flushed;
    // The attempt begins once this code has ended.
    await Promise.resolve();
    open.store.setIsPendingPersist(true);
    const again = open.store.flush();
    expect(await rejection(again)).toMatchObject({ code: 'INVALID_VALUE', records: ['metadata/bad'] });
    expect(await flushed).toMatchObject({ code: 'INVALID_VALUE', records: ['metadata/bad'] });
    expect((await rejection(open.store.persistAll()))['records']).toEqual(['metadata/bad']);
    expect(open.store.persistenceStatus().rejected).toEqual(['metadata/bad']);
  });
});

describe("persistAll() over another host's branch", () => {
  it.each([
    { name: 'one claim on it', before: 0, after: 1 },
    { name: 'more claims on it than a head remembers', before: 0, after: 40 },
    { name: 'more claims before it than a head remembers', before: 40, after: 1 },
  ])('writes nothing ($name)', async ({ before, after }) => {
    const backend = new MemoryBackend();
    await openStore<Meta>({ backend });
    const oldest = snapshot(backend);
    for (let n = 0; n < before; n += 1) await openStore<Meta>({ backend });
    const open = await openStore<Meta>({ backend });
    const older = before === 0 ? snapshot(backend) : oldest;
    for (let n = 0; n < 50; n += 1) await write(open, { A: n });
    rollBack(backend, older);
    for (let n = 0; n < after; n += 1) await openStore<Meta>({ backend });
    const branch = await headOf(backend);
    open.store.setSymbolMetadata('A', { n: 99 });
    expect((await rejection(open.store.flush())).code).toBe('ROLLED_BACK');
    expect((await rejection(open.store.persistAll())).code).toBe('FENCED');
    await open.clock.advance(60_000);
    expect(await headOf(backend)).toEqual(branch);
  });
});

describe('a commit that is superseded', () => {
  it.each(['nothing', 'another head'] as const)(
    'fails, and is tried again, when the load answers %s',
    async (answer) => {
      const open = await openStore<Meta>();
      const { driver, store } = open;
      const { commit, load } = driver;
      const older = await load.call(driver, ACCOUNT);
      // Reported as not applied, and landed all the same.
      driver.commit = async (...args) => {
        driver.commit = commit;
        await commit.apply(driver, args);
        throw new AccountKeeperError('UNAVAILABLE', 'a driver that errs');
      };
      driver.load = async () => {
        driver.load = load;
        return answer === 'nothing' ? undefined : older;
      };
      store.setSymbolMetadata('A', { n: 1 });
      expect((await rejection(store.flush())).code).toBe('UNAVAILABLE');
      store.setSymbolMetadata('B', { n: 1 });
      const { revision } = store.persistenceStatus();
      expect((await rejection(store.flush())).code).toBe('UNAVAILABLE');
      expect(store.persistenceStatus()).toMatchObject({ revision, pendingRecords: 2, state: 'retrying' });
      expect(open.events.map(({ name }) => name)).not.toContain('flushed');
      await open.clock.advance(60_000);
      expect(await open.stored()).toEqual({ 'metadata/A': '{"n":1}', 'metadata/B': '{"n":1}' });
      expect(store.persistenceStatus()).toMatchObject({ pendingRecords: 0, state: 'idle' });
    },
  );
});

describe('close() that meets a rollback', () => {
  it.each([
    { name: 'by itself', verifies: false, grows: false },
    { name: 'after verifyOwnership()', verifies: true, grows: false },
    { name: 'where the older branch has grown again by its own writer', verifies: false, grows: true },
    { name: 'both', verifies: true, grows: true },
  ])('spills the whole account, for keep: local ($name)', async ({ grows, verifies }) => {
    const former = await openStore<Meta>();
    const { backend } = former;
    await write(former, { A: 1, B: 1 });
    const older = snapshot(backend);
    const open = await opened({ backend });
    for (const n of [2, 3, 4, 5]) await write(open, { A: n });
    rollBack(backend, older);
    if (grows) await write(former, { X: 1 });
    if (verifies) await rejection(open.store.verifyOwnership());
    expect(await rejection(open.store.close())).toMatchObject({
      code: 'UNPERSISTED',
      records: ['metadata/A', 'metadata/B'],
      lost: [],
      cause: expect.objectContaining({ code: 'ROLLED_BACK' }),
    });
    const next = kept({ backend });
    expect((await rejection(next.store.restore())).code).toBe('ROLLED_BACK');
    await next.store.restore(await word('local', backend));
    expect(next.store.getAllSymbolMetadata()).toEqual({ A: { n: 5 }, B: { n: 1 } });
    expect(await next.stored()).toEqual({ 'metadata/A': '{"n":5}', 'metadata/B': '{"n":1}' });
  });
});

describe('what this process saw acknowledged', () => {
  it('counts without a file, whatever the driver remembers', async () => {
    const driver = new SilentDriver(new MemoryBackend());
    const first = createStore<Meta>({ driver });
    await first.store.restore();
    await write(first, { A: 1 });
    await first.store.close();
    driver.inner = new MemoryDriver();
    const next = createStore<Meta>({ driver });
    expect((await rejection(next.store.restore())).code).toBe('ROLLED_BACK');
    expect(await driver.inner.head(ACCOUNT)).toBeUndefined();
  });
});

describe('persistAll() of an account that is larger than a batch', () => {
  async function large(): Promise<OpenStore<Meta>> {
    const open = await opened({ limits: SMALL });
    for (const [symbol, n] of Object.entries(NUMBERED)) await write(open, { [symbol]: n });
    return open;
  }

  it('is a whole: nobody takes a half of it for the account', async () => {
    const open = await large();
    open.driver.faults.push(undefined);
    cutOff(open);
    await rejection(open.store.persistAll());
    const next = createStore<Meta>({ backend: open.backend });
    expect((await rejection(next.store.restore())).code).toBe('CORRUPT');
    expect((await next.store.restore(await word('backend', open.backend))).records).toBe(11);
    expect(parseHeadMeta((await headOf(open.backend))?.meta ?? '').unfinished).toBeUndefined();
  });

  it('loses its mark when all of its last part is refused', async () => {
    const open = await large();
    open.driver.sent.length = 0;
    open.driver.faults.push(undefined, undefined, 'too-large');
    expect(await rejection(open.store.persistAll())).toMatchObject({ code: 'TOO_LARGE', records: { length: 3 } });
    expect(open.driver.sent.map(({ batch }) => batch.upserts.size)).toEqual([4, 4, 3, 0]);
    expect(parseHeadMeta((await headOf(open.backend))?.meta ?? '').unfinished).toBeUndefined();
    expect((await createStore<Meta>({ backend: open.backend }).store.restore()).records).toBe(11);
  });
});

describe('a request that was lost on the way', () => {
  it('shares its revision with no other commit, also after a rollback', async () => {
    const open = await openStore<Meta>();
    await write(open, { A: 1 });
    const older = snapshot(open.backend);
    await write(open, { A: 2 });
    const { revision = 0 } = open.store.persistenceStatus();
    open.driver.faults.push('lose-request');
    open.store.setSymbolMetadata('A', { n: 3 });
    await rejection(open.store.flush());
    rollBack(open.backend, older);
    expect((await rejection(open.store.flush())).code).toBe('ROLLED_BACK');
    await open.store.persistAll();
    // The lost one would have made `revision + 1`.
    expect(open.store.persistenceStatus().revision).toBe(revision + 2);
  });
});

describe('a restore that is contested without end', () => {
  it.each([undefined, 5_000])('ends by its timeoutMs (%s)', async (timeoutMs) => {
    const rival = await openStore<Meta>();
    const next = createStore<Meta>({ backend: rival.backend, fakeClock: rival.clock });
    const { commit } = next.driver;
    let n = 0;
    next.driver.commit = async (...args) => {
      await new Promise<void>((resolve) => rival.clock.setTimeout(resolve, 900));
      n += 1;
      await write(rival, { A: n });
      return commit.apply(next.driver, args);
    };
    let code: string | undefined;
    const restoring = rejection(next.store.restore(timeoutMs === undefined ? {} : { timeoutMs })).then((error) => {
      code = error.code;
    });
    await rival.clock.advance((timeoutMs ?? 30_000) - 1_000);
    expect(code).toBeUndefined();
    expect(n).toBeGreaterThan(3);
    await rival.clock.advance(2_000);
    await restoring;
    expect(code).toBe('TIMEOUT');
    expect(rival.store.persistenceStatus().ownership).toBe('owner');
  });
});

describe('while restore loads', () => {
  it.each(['the newer data come back', 'somebody commits'] as const)(
    "what the operator's word named goes away: what is stored then is judged (%s)",
    async (change) => {
      const first = await openStore<Meta>();
      const { backend, driver } = first;
      await write(first, { A: 1 });
      const older = snapshot(backend);
      for (const n of [2, 3, 4, 5]) await write(first, { A: n });
      await first.store.close();
      const newest = snapshot(backend);
      rollBack(backend, older);
      const said = await word('backend', backend);
      const { load } = driver;
      driver.load = async (accountId, options) => {
        if ('rolledBackTo' in (options ?? {})) {
          driver.load = load;
          if (change === 'somebody commits') await write(await openStore<Meta>({ backend }), { A: 9 });
          else rollBack(backend, newest);
        }
        return load.call(driver, accountId, options);
      };
      const next = createStore<Meta>({ backend, driver });
      if (change === 'somebody commits') {
        const { code, head } = await rejection(next.store.restore(said));
        expect({ code, head }).toEqual({ code: 'ROLLED_BACK', head: await headOf(backend) });
        await next.store.restore(await word('backend', backend));
        expect(next.store.getSymbolMetadata('A')).toEqual({ n: 9 });
      } else {
        await next.store.restore(said);
        expect(next.store.getSymbolMetadata('A')).toEqual({ n: 5 });
      }
    },
  );

  it('a file that was there before counts, although somebody removes it', async () => {
    const first = await opened();
    await write(first, { A: 1 });
    await first.store.close();
    rollBack(first.backend);
    const next = kept({ backend: first.backend });
    const { load } = next.driver;
    next.driver.load = async (...args) => {
      for (const name of filesWith('.high-water')) rmSync(join(directory, name));
      return load.apply(next.driver, args);
    };
    expect((await rejection(next.store.restore())).code).toBe('ROLLED_BACK');
    expect([...first.backend.keys()]).toEqual([]);
  });
});
