import { describe, expect, it } from 'vitest';
import { MemoryBackend } from '../../../src/drivers/memory/backend.js';
import { MemoryDriver } from '../../../src/drivers/memory/driver.js';
import { describeDriver } from '../behaviour.js';
import { batchOf, closing, collect, onTopOf, rejection } from '../support.js';

describeDriver('MemoryDriver', async () => {
  const backend = new MemoryBackend();
  return [closing(new MemoryDriver({ backend })), closing(new MemoryDriver({ backend }))];
});

describe('watch', () => {
  it('calls after each commit and drop of the account by any driver, until it is stopped', async () => {
    const backend = new MemoryBackend();
    const [watching, writing] = [closing(new MemoryDriver({ backend })), closing(new MemoryDriver({ backend }))];
    const calls: string[] = [];
    const stop = watching.watch('a', () => calls.push('first'));
    watching.watch('a', () => calls.push('second'));
    let head = await writing.commit('a', batchOf({ k: '1' }), onTopOf(undefined));
    await writing.commit('b', batchOf({ k: '1' }), onTopOf(undefined));
    expect(calls).toEqual(['first', 'second']);
    stop();
    stop();
    head = await watching.commit('a', batchOf(), onTopOf(head));
    await writing.drop('a', onTopOf(head));
    expect(calls).toEqual(['first', 'second', 'second', 'second']);
  });

  it('calls nobody for a commit that conflicts', async () => {
    const driver = closing(new MemoryDriver());
    await driver.commit('a', batchOf(), onTopOf(undefined));
    driver.watch('a', () => expect.unreachable());
    expect((await rejection(driver.commit('a', batchOf(), onTopOf(undefined)))).code).toBe('CONFLICT');
  });

  it('ends with the driver, and checks what it is given', async () => {
    const backend = new MemoryBackend();
    const driver = new MemoryDriver({ backend });
    driver.watch('a', () => expect.unreachable());
    expect(() => driver.watch('', () => undefined)).toThrow(expect.objectContaining({ code: 'INVALID_KEY' }));
    expect(() => driver.watch('a', 1 as never)).toThrow(expect.objectContaining({ code: 'CONFIG' }));
    await driver.close();
    await closing(new MemoryDriver({ backend })).commit('a', batchOf(), onTopOf(undefined));
    expect(() => driver.watch('a', () => undefined)).toThrow(expect.objectContaining({ code: 'CLOSED' }));
  });
});

describe('MemoryBackend', () => {
  it('has accessors by raw key', () => {
    const backend = new MemoryBackend();
    backend.set('p:{a}:head', 'x');
    backend.set('p:{a}:r:k', 'y');
    backend.set('other', 'z');
    expect([...backend.keys()].sort()).toEqual(['other', 'p:{a}:head', 'p:{a}:r:k']);
    expect(backend.get('p:{a}:r:k')).toBe('y');
    expect([backend.delete('p:{a}:r:k'), backend.delete('p:{a}:r:k'), backend.delete('nothing')]).toEqual([
      true,
      false,
      false,
    ]);
    expect(backend.get('p:{a}:r:k')).toBeUndefined();
    expect(backend.get('other')).toBe('z');
  });

  it('keeps drivers with other prefixes, and foreign keys, apart', async () => {
    const backend = new MemoryBackend();
    const foreign = [
      'x',
      'accountkeeper:',
      'accountkeeper:{a',
      'accountkeeper:{}:head',
      'accountkeeper:{a b}:head',
      'accountkeeper:{b}:index',
    ];
    for (const key of foreign) backend.set(key, 'foreign');
    backend.set('accountkeeper:{a}:r:b c', 'foreign');
    backend.set('accountkeeper:{a}:other', 'foreign');
    const driver = closing(new MemoryDriver({ backend }));
    const other = closing(new MemoryDriver({ backend, prefix: 'accountkeeper2' }));
    const head = await driver.commit('a', batchOf({ k: '1' }), onTopOf(undefined));
    await other.commit('a', batchOf({ k: '2' }), onTopOf(undefined));
    expect([...((await driver.load('a'))?.records ?? [])]).toEqual([['k', '1']]);
    expect(await collect(driver.accounts())).toEqual(['a']);
    await driver.drop('a', onTopOf(head));
    expect([...((await other.load('a'))?.records ?? [])]).toEqual([['k', '2']]);
    for (const key of [...foreign, 'accountkeeper:{a}:r:b c', 'accountkeeper:{a}:other'])
      expect(backend.get(key)).toBe('foreign');
  });

  it('rejects options that it does not know', async () => {
    expect((await rejection((async () => new MemoryDriver({ backend: {} as never }))())).code).toBe('CONFIG');
    expect((await rejection((async () => new MemoryDriver({ size: 1 } as never))())).code).toBe('CONFIG');
  });
});
