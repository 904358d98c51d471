import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AccountKeeperError } from '../../../src/core/errors.js';
import { parseHeadMeta } from '../../../src/core/ownership/head-meta.js';
import type { RestoreOptions } from '../../../src/core/restore/restore-options.js';
import { parseSpill } from '../../../src/core/spill/spill-file.js';
import { MemoryBackend } from '../../../src/drivers/memory-backend.js';
import { MemoryDriver } from '../../../src/drivers/memory-driver.js';
import { rollBack, SmallDriver, snapshot } from '../../support/backend-history.js';
import { FakeClock } from '../../support/fake-clock.js';
import {
  ACCOUNT,
  createStore,
  type OpenStore,
  type OpenStoreOptions,
  openStore,
  rejection,
} from '../../support/open-store.js';
import { ScriptedDriver } from '../../support/scripted-driver.js';

type Meta = { readonly n: number };

let directory = '';

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'accountkeeper-recovery-corners-'));
});

afterEach(() => rmSync(directory, { recursive: true, force: true }));

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

function cutOff({ driver }: OpenStore<Meta>): void {
  driver.faults.push(...Array.from({ length: 1_000 }, () => 'refuse' as const));
}

/** Closes a store whose backend is away; everything unsaved is in a file then. */
async function closeUnsaved(open: OpenStore<Meta>): Promise<Record<string, unknown>> {
  cutOff(open);
  const closed = rejection(open.store.close({ deadlineMs: 1_000 }));
  await open.clock.advance(1_000);
  return closed;
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
    await closeUnsaved(open);
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
});
