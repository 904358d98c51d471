import vm from 'node:vm';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { deepFreeze } from '../../../../src/core/account/tables/deep-freeze.js';
import { codeOf } from './table-harness.js';

function isDeeplyFrozen(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return true;
  return Object.isFrozen(value) && Object.values(value).every(isDeeplyFrozen);
}

const nested = (levels: number): object => {
  let value: object = {};
  for (let level = 1; level < levels; level += 1) value = level % 2 === 0 ? [value] : { a: value };
  return value;
};

describe('deepFreeze', () => {
  it('freezes every object in a value, and changes none', () => {
    fc.assert(
      fc.property(fc.object({ withNullPrototype: true, withSparseArray: true }), (value) => {
        const copy = structuredClone(value);
        deepFreeze(value);
        expect(isDeeplyFrozen(value)).toBe(true);
        expect(structuredClone(value)).toEqual(copy);
      }),
    );
  });

  it('goes through what was frozen at its surface before', () => {
    const value = Object.freeze({ a: Object.freeze([{ b: 1 }, Object.freeze({ c: [1] })]) });
    deepFreeze(value);
    expect(isDeeplyFrozen(value)).toBe(true);
  });

  it('ends with cycles, of new and of frozen objects', () => {
    const fresh: { list: unknown[] } = { list: [{}] };
    fresh.list.push(fresh);
    deepFreeze(fresh);
    expect(Object.isFrozen(fresh.list[0])).toBe(true);
    const first: Record<string, unknown> = {};
    const second = Object.freeze({ first, inner: {} });
    first['second'] = second;
    Object.freeze(first);
    deepFreeze(first);
    expect(Object.isFrozen(second.inner)).toBe(true);
    const map = new Map<string, unknown>();
    map.set('self', map).set('inner', {});
    deepFreeze({ map });
    expect(Object.isFrozen(map.get('inner'))).toBe(true);
  });

  it('visits what is met very often only once or twice', () => {
    let value: object = {};
    for (let level = 0; level < 100; level += 1) value = [value, value];
    deepFreeze(value);
    expect(Object.isFrozen(value)).toBe(true);
  });

  it('freezes instances of classes, and leaves functions and primitives as they are', () => {
    class Instance {
      readonly inner = { a: 1 };
    }
    const fn = Object.assign(() => 1, { inner: {} });
    const value = { instance: new Instance(), fn, big: 1n, symbol: Symbol('x'), nothing: null };
    deepFreeze(value);
    expect(Object.isFrozen(value.instance.inner)).toBe(true);
    expect(Object.isFrozen(fn)).toBe(false);
  });

  it('leaves timers alone: the runtime could set none of their delay any more', () => {
    const timer = setTimeout(() => undefined, 86_399);
    const value = { timer, list: [timer] };
    deepFreeze(value);
    clearTimeout(setTimeout(() => undefined, 86_399));
    clearTimeout(timer);
    expect(Object.isFrozen(timer)).toBe(false);
    expect(Object.isFrozen(value.list)).toBe(true);
  });

  it('gives a Map mutators that throw, and freezes keys and values', () => {
    const key = { k: 1 };
    const value = {
      map: new Map<unknown, unknown>([
        [key, [1]],
        ['a', { b: [] }],
      ]),
    };
    deepFreeze(value);
    expect(codeOf(() => value.map.set('x', 1))).toBe('INVALID_VALUE');
    expect(codeOf(() => value.map.delete('a'))).toBe('INVALID_VALUE');
    expect(codeOf(() => value.map.clear())).toBe('INVALID_VALUE');
    expect(value.map.size).toBe(2);
    expect(Object.isFrozen(key)).toBe(true);
    expect(Object.isFrozen(value.map.get(key))).toBe(true);
    expect(isDeeplyFrozen(value.map.get('a'))).toBe(true);
    expect(Object.keys(value.map)).toEqual([]);
  });

  it('gives a Set mutators that throw, and freezes its elements', () => {
    const element = { k: 1 };
    const set = new Set<unknown>([element, 1]);
    deepFreeze({ set });
    expect(codeOf(() => set.add(2))).toBe('INVALID_VALUE');
    expect(codeOf(() => set.delete(1))).toBe('INVALID_VALUE');
    expect(codeOf(() => set.clear())).toBe('INVALID_VALUE');
    expect([...set]).toEqual([element, 1]);
    expect(Object.isFrozen(element)).toBe(true);
  });

  it('gives a Date mutators that throw', () => {
    const date = new Date(5);
    deepFreeze({ date });
    const setters = Object.getOwnPropertyNames(Date.prototype).filter((name) => name.startsWith('set'));
    expect(setters.length).toBeGreaterThan(10);
    for (const name of setters) {
      const set = (date as unknown as Record<string, (value: number) => void>)[name];
      expect(codeOf(() => set?.call(date, 1))).toBe('INVALID_VALUE');
    }
    expect(date.getTime()).toBe(5);
    expect(date).toEqual(new Date(5));
  });

  it('takes a Map, Set or Date that it froze before, at the top as well', () => {
    for (const value of [new Map([[1, 2]]), new Set([1]), new Date(5)]) {
      deepFreeze(value);
      deepFreeze({ value });
      expect(Object.isFrozen(value)).toBe(true);
    }
  });

  it('protects built-ins of another realm', () => {
    const value = vm.runInNewContext('({ map: new Map([[1, { a: [] }]]) })') as { map: Map<number, object> };
    deepFreeze(value);
    expect(codeOf(() => value.map.set(2, {}))).toBe('INVALID_VALUE');
    expect(isDeeplyFrozen(value.map.get(1))).toBe(true);
  });

  it.each([
    { what: 'a typed array', value: new Float64Array(2) },
    { what: 'an empty typed array', value: new Uint8Array(0) },
    { what: 'a buffer', value: Buffer.from('a') },
    { what: 'an ArrayBuffer', value: new ArrayBuffer(1) },
    { what: 'a SharedArrayBuffer', value: new SharedArrayBuffer(1) },
    { what: 'a DataView', value: new DataView(new ArrayBuffer(1)) },
    { what: 'a Map that was frozen before', value: Object.freeze(new Map()) },
    { what: 'a Set that was frozen before', value: Object.freeze(new Set()) },
    { what: 'a Date that takes no properties', value: Object.preventExtensions(new Date(0)) },
    { what: 'a Map whose mutator cannot be replaced', value: Object.defineProperty(new Map(), 'set', { value: 1 }) },
  ])('refuses $what, which it cannot protect', ({ value }) => {
    expect(codeOf(() => deepFreeze(value))).toBe('INVALID_VALUE');
    expect(codeOf(() => deepFreeze({ a: [value] }))).toBe('INVALID_VALUE');
    expect(codeOf(() => deepFreeze(new Map([[1, value]])))).toBe('INVALID_VALUE');
  });

  it('takes 1,000 levels and refuses more', () => {
    deepFreeze(nested(1_000));
    expect(codeOf(() => deepFreeze(nested(1_001)))).toBe('INVALID_VALUE');
    expect(codeOf(() => deepFreeze(nested(100_000)))).toBe('INVALID_VALUE');
  });

  it('does not take what a broken object throws for its own error', () => {
    const hostile = {
      get a(): number {
        throw new TypeError('boom');
      },
    };
    expect(codeOf(() => deepFreeze(hostile))).toBe('INVALID_VALUE');
  });
});
