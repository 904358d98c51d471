import { describe, expect, it } from 'vitest';
import type { MemoryBackend } from '../../../src/drivers/memory/backend.js';
import { createStore, openStore, rejection } from '../../support/open-store.js';

function snapshot(backend: MemoryBackend): ReadonlyMap<string, string> {
  return new Map([...backend.keys()].map((key) => [key, backend.get(key) ?? '']));
}

function rollBack(backend: MemoryBackend, to: ReadonlyMap<string, string>): void {
  for (const key of [...backend.keys()]) backend.delete(key);
  for (const [key, text] of to) backend.set(key, text);
}

describe('persistAll() after the backend came back older', () => {
  it('writes the whole state again, above what was lost, and deletes what only the older state had', async () => {
    const { store, backend, stored } = await openStore();
    store.setSymbolMetadata('A', { n: 1 });
    store.setSymbolMetadata('gone', { n: 1 });
    await store.flush();
    const older = snapshot(backend);
    store.deletePositionMetadata('gone');
    store.setSymbolMetadata('A', { n: 2 });
    store.setSymbolMetadata('B', { n: 1 });
    await store.flush();
    const { revision = 0 } = store.persistenceStatus();
    rollBack(backend, older);
    store.setSymbolMetadata('C', { n: 1 });
    expect((await rejection(store.flush())).code).toBe('ROLLED_BACK');
    await store.persistAll();
    expect(await stored()).toEqual({ 'metadata/A': '{"n":2}', 'metadata/B': '{"n":1}', 'metadata/C': '{"n":1}' });
    expect(store.persistenceStatus()).toMatchObject({ state: 'idle', lastError: undefined });
    expect(store.persistenceStatus().revision).toBeGreaterThan(revision);
    const next = createStore({ backend });
    expect((await next.store.restore({ minRevision: revision })).records).toBe(3);
  });

  it('writes it to an empty backend as well', async () => {
    const { store, backend, stored } = await openStore();
    store.setSymbolMetadata('A', { n: 1 });
    await store.flush();
    rollBack(backend, new Map());
    store.setSymbolMetadata('B', { n: 1 });
    expect((await rejection(store.flush())).code).toBe('ROLLED_BACK');
    await store.persistAll();
    expect(await stored()).toEqual({ 'metadata/A': '{"n":1}', 'metadata/B': '{"n":1}' });
  });

  it('never happens without being asked for', async () => {
    const { store, backend, clock } = await openStore();
    store.setSymbolMetadata('A', { n: 1 });
    await store.flush();
    rollBack(backend, new Map());
    store.setSymbolMetadata('A', { n: 2 });
    await clock.advance(600_000);
    expect([...backend.keys()]).toEqual([]);
    expect(store.persistenceStatus()).toMatchObject({ state: 'retrying', lastError: { code: 'ROLLED_BACK' } });
  });

  it('goes on by itself when the backend has again what it had lost', async () => {
    const { store, backend, clock, stored } = await openStore();
    store.setSymbolMetadata('A', { n: 1 });
    await store.flush();
    const newest = snapshot(backend);
    rollBack(backend, new Map());
    store.setSymbolMetadata('A', { n: 2 });
    await rejection(store.flush());
    rollBack(backend, newest);
    await clock.advance(60_000);
    expect(await stored()).toEqual({ 'metadata/A': '{"n":2}' });
  });

  it('drops an attempt of the history that was lost, and keeps its records', async () => {
    const { store, backend, driver, clock, stored } = await openStore();
    store.setSymbolMetadata('A', { n: 1 });
    await store.flush();
    driver.faults.push('lose-request');
    store.setSymbolMetadata('A', { n: 2 });
    await rejection(store.flush());
    rollBack(backend, new Map());
    await rejection(store.flush());
    store.setSymbolMetadata('A', { n: 3 });
    await store.persistAll();
    await clock.advance(60_000);
    expect(await stored()).toEqual({ 'metadata/A': '{"n":3}' });
  });
});
