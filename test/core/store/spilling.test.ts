import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import type { MemoryBackend } from '../../../src/drivers/memory/backend.js';
import { MemoryDriver } from '../../../src/drivers/memory/driver.js';
import { rollBack, snapshot } from '../../support/backend-history.js';
import { ACCOUNT, createStore, type OpenStore, openStore, rejection } from '../../support/open-store.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

let directory = '';

beforeEach(() => {
  directory = temporaryFolder('spilling');
});

type Meta = { readonly n: number };

/** Takes the backend of a store away. */
function cutOff({ driver }: OpenStore<Meta>): void {
  driver.faults.push(...Array.from({ length: 1_000 }, () => 'refuse' as const));
}

async function closeUnpersisted({ store, clock }: OpenStore<Meta>): Promise<string> {
  const closed = rejection(store.close({ timeoutMs: 1_000 }));
  await clock.advance(1_000);
  const { code, spillFile } = await closed;
  expect(code).toBe('UNPERSISTED');
  expect(typeof spillFile).toBe('string');
  return String(spillFile);
}

async function spilled(backend?: MemoryBackend): Promise<OpenStore<Meta>> {
  const opened = await openStore<Meta>({ spill: { directory }, ...(backend === undefined ? {} : { backend }) });
  opened.store.setSymbolMetadata('A', { n: 1 });
  opened.store.setSymbolMetadata('B', { n: 1 });
  await opened.store.flush();
  cutOff(opened);
  opened.store.setSymbolMetadata('A', { n: 2 });
  opened.store.deletePositionMetadata('B');
  opened.store.setSymbolMetadata('C', { n: 1 });
  await closeUnpersisted(opened);
  return opened;
}

describe('what close() cannot persist', () => {
  it('goes to a file, which the next restore writes within its claim and removes', async () => {
    const { backend } = await spilled();
    expect(readdirSync(directory)).toHaveLength(1);
    const next = createStore<Meta>({ backend, spill: { directory } });
    const result = await next.store.restore();
    expect(result.spills?.replayed).toHaveLength(1);
    expect(next.store.getAllSymbolMetadata()).toEqual({ A: { n: 2 }, C: { n: 1 } });
    expect(await next.stored()).toEqual({ 'metadata/A': '{"n":2}', 'metadata/C': '{"n":1}' });
    expect(next.driver.sent).toHaveLength(1);
    expect(readdirSync(directory)).toEqual([]);
    await next.store.close();
    const after = createStore<Meta>({ backend, spill: { directory } });
    expect((await after.store.restore()).spills).toEqual({ replayed: [], conflicting: [], damaged: [] });
  });

  it.each(['lose-reply', 'late', 'lose-request'] as const)(
    'is right whatever became of an attempt of unknown outcome (%s)',
    async (fault) => {
      const opened = await openStore<Meta>({ spill: { directory } });
      opened.driver.faults.push(fault);
      opened.store.setSymbolMetadata('A', { n: 1 });
      const flushed = rejection(opened.store.flush({ timeoutMs: 10 }));
      await opened.clock.advance(11);
      await flushed;
      cutOff(opened);
      opened.store.setSymbolMetadata('B', { n: 1 });
      await closeUnpersisted(opened);
      await opened.driver.deliverLate();
      const next = createStore<Meta>({ backend: opened.backend, spill: { directory } });
      expect((await next.store.restore()).spills?.conflicting).toEqual([]);
      expect(next.store.getAllSymbolMetadata()).toEqual({ A: { n: 1 }, B: { n: 1 } });
      expect(await next.stored()).toEqual({ 'metadata/A': '{"n":1}', 'metadata/B': '{"n":1}' });
    },
  );

  it('is replayed once, wherever a crash comes: before the claim, after it, or before the file is gone', async () => {
    const { backend } = await spilled();
    const [name = ''] = readdirSync(directory);
    const content = readFileSync(join(directory, name));
    // The claim is lost on the way, and the process ends.
    const first = createStore<Meta>({ backend, spill: { directory } });
    first.driver.faults.push('late', 'late', 'late');
    const restored = rejection(first.store.restore({ timeoutMs: 300 }));
    await first.clock.advance(2_000);
    await restored;
    const second = createStore<Meta>({ backend, spill: { directory } });
    expect((await second.store.restore()).spills?.replayed).toHaveLength(1);
    await first.driver.deliverLate();
    // The process ends before the file is removed, after it has written more.
    writeFileSync(join(directory, name), content);
    second.store.setSymbolMetadata('A', { n: 3 });
    await second.store.flush();
    const third = createStore<Meta>({ backend, spill: { directory } });
    expect((await third.store.restore()).spills).toEqual({ replayed: [], conflicting: [], damaged: [] });
    expect(third.store.getAllSymbolMetadata()).toEqual({ A: { n: 3 }, C: { n: 1 } });
    expect(readdirSync(directory)).toEqual([]);
  });

  it('lands late, by a process that is gone, while the next one claims', async () => {
    const { backend } = await spilled();
    const first = createStore<Meta>({ backend, spill: { directory } });
    first.driver.faults.push('late', 'late', 'late');
    const restored = rejection(first.store.restore({ timeoutMs: 300 }));
    await first.clock.advance(2_000);
    await restored;
    const second = createStore<Meta>({ backend, spill: { directory } });
    const { load } = second.driver;
    second.driver.load = async (accountId, options) => {
      second.driver.load = load;
      const stored = await load.call(second.driver, accountId, options);
      await first.driver.deliverLate();
      return stored;
    };
    // The claim of the first has written it: nothing is left to be replayed.
    expect((await second.store.restore()).spills).toEqual({ replayed: [], conflicting: [], damaged: [] });
    expect(second.store.getAllSymbolMetadata()).toEqual({ A: { n: 2 }, C: { n: 1 } });
    second.store.setSymbolMetadata('A', { n: 3 });
    await second.store.flush();
    expect(readdirSync(directory)).toEqual([]);
  });

  it('is kept and reported when another writer has committed since', async () => {
    const { backend } = await spilled();
    const other = await openStore<Meta>({ backend });
    other.store.setSymbolMetadata('A', { n: 9 });
    await other.store.close();
    const next = createStore<Meta>({ backend, spill: { directory } });
    const { spills } = await next.store.restore();
    expect(spills).toMatchObject({ replayed: [], conflicting: [expect.stringContaining(directory)] });
    expect(next.store.getSymbolMetadata('A')).toEqual({ n: 9 });
    expect(readdirSync(directory)).toHaveLength(1);
  });

  it('is kept for a store that was fenced, and reported', async () => {
    const opened = await openStore<Meta>({ spill: { directory } });
    const other = await openStore<Meta>({ backend: opened.backend });
    opened.store.setSymbolMetadata('A', { n: 1 });
    await rejection(opened.store.flush());
    expect(readdirSync(directory)).toHaveLength(1);
    expect(await rejection(opened.store.close())).toMatchObject({
      code: 'UNPERSISTED',
      spillFile: expect.any(String),
      lost: [],
      cause: expect.objectContaining({ code: 'FENCED' }),
    });
    expect(readdirSync(directory)).toHaveLength(1);
    await other.store.close();
    for (const _ of ['the next restore', 'the one after it']) {
      const next = createStore<Meta>({ backend: opened.backend, spill: { directory } });
      expect((await next.store.restore()).spills).toMatchObject({ replayed: [], conflicting: [expect.any(String)] });
      expect(next.store.getSymbolMetadata('A')).toBeUndefined();
      await next.store.close();
    }
  });

  it('is not replayed for a store that was fenced, also when the take-over is gone with a rollback', async () => {
    const opened = await openStore<Meta>({ spill: { directory } });
    const before = snapshot(opened.backend);
    await openStore<Meta>({ backend: opened.backend });
    opened.store.setSymbolMetadata('A', { n: 1 });
    await rejection(opened.store.flush());
    rollBack(opened.backend, before);
    const next = createStore<Meta>({ backend: opened.backend, spill: { directory } });
    expect((await next.store.restore()).spills).toMatchObject({ replayed: [], conflicting: { length: 1 } });
    expect(next.store.getSymbolMetadata('A')).toBeUndefined();
  });

  it('leaves out what the backend had refused, and keeps it in a file', async () => {
    const opened = await openStore<Meta>({ spill: { directory } });
    opened.driver.poison.add('metadata/bad');
    opened.store.setSymbolMetadata('bad', { n: 1 });
    opened.store.setSymbolMetadata('good', { n: 1 });
    await rejection(opened.store.flush());
    await closeUnpersisted(opened);
    const next = createStore<Meta>({ backend: opened.backend, spill: { directory } });
    next.driver.poison.add('metadata/bad');
    await next.store.restore();
    expect(next.store.getAllSymbolMetadata()).toEqual({ good: { n: 1 } });
    expect(readdirSync(directory)).toEqual([expect.stringMatching(/\.refused$/)]);
  });

  it('is told when it cannot be written to a file either', async () => {
    const file = join(directory, 'a-file');
    const opened = await openStore<Meta>({ spill: { directory: file } });
    writeFileSync(file, '');
    const failures: unknown[] = [];
    opened.store.on('spill-failed', ({ error }) => failures.push(error.code));
    cutOff(opened);
    opened.store.setSymbolMetadata('A', { n: 1 });
    const closed = rejection(opened.store.close({ timeoutMs: 100 }));
    await opened.clock.advance(100);
    expect(await closed).toMatchObject({ code: 'UNPERSISTED', records: ['metadata/A'] });
    expect(failures).toEqual(['UNPERSISTED']);
  });

  it('reports a damaged file, keeps it, and goes on', async () => {
    const { backend } = await spilled();
    const [name = ''] = readdirSync(directory);
    const content = readFileSync(join(directory, name));
    writeFileSync(join(directory, name), content.subarray(0, content.length - 3));
    const next = createStore<Meta>({ backend, spill: { directory } });
    expect((await next.store.restore()).spills?.damaged).toEqual([join(directory, name)]);
    expect(readFileSync(join(directory, name))).toHaveLength(content.length - 3);
  });

  it('refuses a backend that is older than a spill says, unless told to keep what is stored', async () => {
    const { backend } = await spilled();
    for (const key of [...backend.keys()]) backend.delete(key);
    const next = createStore<Meta>({ backend, spill: { directory } });
    expect(await rejection(next.store.restore())).toMatchObject({ code: 'ROLLED_BACK', retryable: false });
    expect(readdirSync(directory)).toHaveLength(1);
    const result = await next.store.restore({ onRolledBack: { keep: 'backend', revision: 0, writeId: '' } });
    expect(result).toMatchObject({ status: 'empty', foreignFiles: [expect.stringContaining(directory)] });
    expect(result.revision).toBeGreaterThan(2);
    await next.store.close();
    // Said once, it holds, and the file stays for whom it may concern.
    const again = createStore<Meta>({ backend, spill: { directory } });
    expect(await again.store.restore()).toMatchObject({ status: 'empty', foreignFiles: result.foreignFiles });
  });
});

describe('highWater', () => {
  it('refuses a backend that came back empty or older after a restart of the process', async () => {
    const opened = await openStore<Meta>({ highWater: { directory } });
    opened.store.setSymbolMetadata('A', { n: 1 });
    await opened.store.close();
    const { backend } = opened;
    const before = new Map([...backend.keys()].map((key) => [key, backend.get(key) ?? '']));
    for (const key of [...backend.keys()]) backend.delete(key);
    const next = createStore<Meta>({ backend, highWater: { directory } });
    expect(await rejection(next.store.restore())).toMatchObject({ code: 'ROLLED_BACK', retryable: false });
    expect(await new MemoryDriver({ backend }).head(ACCOUNT)).toBeUndefined();
    for (const [key, text] of before) backend.set(key, text);
    expect((await next.store.restore()).records).toBe(1);
  });

  it('is no obstacle once it is said what to keep', async () => {
    const opened = await openStore<Meta>({ highWater: { directory } });
    await opened.store.close();
    const next = createStore<Meta>({ highWater: { directory } });
    expect((await rejection(next.store.restore())).code).toBe('ROLLED_BACK');
    await next.store.restore({ onRolledBack: { keep: 'backend', revision: 0, writeId: '' } });
    await next.store.close();
    expect((await createStore<Meta>({ backend: next.backend, highWater: { directory } }).store.restore()).status).toBe(
      'empty',
    );
  });
});
