import vm from 'node:vm';
import { describe, expect, it } from 'vitest';
import {
  describeOddValue,
  isPlainArray,
  isPlainObject,
  visitElements,
  visitProperties,
} from '../../../src/core/codec/plain-shape.js';

class Instance {}

describe('isPlainObject', () => {
  it.each([
    { what: 'an object', value: {}, plain: true },
    { what: 'an object without a prototype', value: Object.create(null), plain: true },
    { what: 'an object of another realm', value: vm.runInNewContext('({})'), plain: true },
    { what: 'an instance', value: new Instance(), plain: false },
    { what: 'an instance of another realm', value: vm.runInNewContext('new (class {})()'), plain: false },
    { what: 'a Map of another realm', value: vm.runInNewContext('new Map()'), plain: false },
    { what: 'an heir of an object', value: Object.create({}), plain: false },
    { what: 'an heir of a look-alike', value: Object.create({ isPrototypeOf: 1 }), plain: false },
    { what: 'an heir of an object without a prototype', value: Object.create(Object.create(null)), plain: false },
    { what: 'a Map', value: new Map(), plain: false },
    {
      what: 'an array without its prototype',
      value: Object.setPrototypeOf([], vm.runInNewContext('Object.prototype')),
      plain: false,
    },
  ])('of $what is $plain', ({ value, plain }) => {
    expect(isPlainObject(value as object)).toBe(plain);
  });
});

describe('isPlainArray', () => {
  it.each([
    { what: 'an array', value: [], plain: true },
    { what: 'an array of another realm', value: vm.runInNewContext('[]'), plain: true },
    { what: 'an array of a subclass', value: new (class extends Array {})(), plain: false },
    {
      what: 'an array of a subclass of another realm',
      value: vm.runInNewContext('new (class extends Array {})()'),
      plain: false,
    },
    { what: 'an array without a prototype', value: Object.setPrototypeOf([], null), plain: false },
    { what: 'an object', value: {}, plain: false },
    { what: 'an object that inherits from an array', value: Object.create([]), plain: false },
    {
      what: 'an object that inherits from the prototype of arrays',
      value: Object.create(Array.prototype),
      plain: false,
    },
  ])('of $what is $plain', ({ value, plain }) => {
    expect(isPlainArray(value as object)).toBe(plain);
  });
});

describe('visitElements', () => {
  const visited = (array: readonly unknown[]): unknown[] => {
    const calls: unknown[] = [];
    const odd = visitElements(array, (index, element) => calls.push([index, element]));
    return odd === undefined ? calls : [...calls, odd.key, typeof odd.oddity];
  };

  it('visits each element in order', () => {
    expect(visited([])).toEqual([]);
    expect(visited(['a', undefined])).toEqual([
      [0, 'a'],
      [1, undefined],
    ]);
  });

  it('stops at what is odd', () => {
    expect(visited(Object.assign(new Array(3), { 0: 'a', 2: 'c' }))).toEqual([[0, 'a'], 1, 'string']);
    expect(visited(Object.defineProperty(['a', 'b'], 1, { get: () => 'b' }))).toEqual([[0, 'a'], 1, 'string']);
    expect(visited(Object.assign(['a'], { extra: 1 }))).toEqual([[0, 'a'], undefined, 'string']);
    expect(visited(Object.assign(['a'], { [Symbol('x')]: 1 }))).toEqual([[0, 'a'], undefined, 'string']);
    expect(visited(Object.defineProperty(['a'], 'extra', { value: 1 }))).toEqual([[0, 'a'], undefined, 'string']);
  });
});

describe('visitProperties', () => {
  const visited = (object: object): unknown[] => {
    const calls: unknown[] = [];
    const odd = visitProperties(object, (key, value) => calls.push([key, value]));
    return odd === undefined ? calls : [...calls, odd.key, typeof odd.oddity];
  };

  it('visits each property in order, __proto__ included', () => {
    expect(visited({})).toEqual([]);
    expect(visited(JSON.parse('{"b":1,"__proto__":2,"a":null}') as object)).toEqual([
      ['b', 1],
      ['__proto__', 2],
      ['a', null],
    ]);
  });

  it('stops at what is odd', () => {
    const a = { a: 1 };
    expect(visited(Object.defineProperty({ ...a }, 'b', { get: () => 2, enumerable: true }))).toEqual([
      ['a', 1],
      'b',
      'string',
    ]);
    expect(visited(Object.defineProperty({ ...a }, 'b', { value: 2 }))).toEqual([['a', 1], 'b', 'string']);
    expect(visited({ ...a, [Symbol('x')]: 2 })).toEqual([['a', 1], undefined, 'string']);
    const vanishing = new Proxy({}, { ownKeys: () => ['b'], getOwnPropertyDescriptor: () => undefined });
    expect(visited(vanishing)).toEqual(['b', 'string']);
  });
});

describe('describeOddValue', () => {
  it.each([
    [Number.NaN, 'NaN'],
    [-Infinity, '-Infinity'],
    [undefined, 'undefined'],
    [5n, 'a bigint'],
    [() => 1, 'a function'],
    [Symbol('secret'), 'a symbol'],
    [new Date(0), 'an instance of Date'],
    [new Map(), 'an instance of Map'],
    [new Instance(), 'an instance of a class'],
  ])('of %o is %s', (value, description) => {
    expect(describeOddValue(value)).toBe(description);
  });
});
