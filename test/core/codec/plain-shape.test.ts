import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import {
  describeOddValue,
  isPlainArray,
  isPlainObject,
  visitElements,
  visitProperties,
} from '../../../src/core/codec/plain-shape.js';

class Entry {}
class List extends Array {}
const withPrototype = (prototype: object | null): object => Object.create(prototype);

describe('isPlainArray', () => {
  it('takes arrays of any realm, and no subclass or look-alike', () => {
    expect(isPlainArray([1])).toBe(true);
    expect(isPlainArray(runInNewContext('[1]'))).toBe(true);
    expect(isPlainArray(new List())).toBe(false);
    expect(isPlainArray({ length: 0 })).toBe(false);
    expect(isPlainArray(withPrototype(Array.prototype))).toBe(false);
  });
});

describe('isPlainObject', () => {
  it('takes objects without a class, of any realm', () => {
    expect(isPlainObject({})).toBe(true);
    expect(isPlainObject(withPrototype(null))).toBe(true);
    expect(isPlainObject(runInNewContext('({})'))).toBe(true);
  });

  it('takes nothing else', () => {
    expect(isPlainObject(new Entry())).toBe(false);
    expect(isPlainObject(withPrototype({}))).toBe(false);
    expect(isPlainObject(withPrototype(withPrototype(null)))).toBe(false);
    expect(isPlainObject(withPrototype({ isPrototypeOf: () => true }))).toBe(false);
    expect(isPlainObject(new Map())).toBe(false);
    expect(isPlainObject([])).toBe(false);
  });
});

describe('visitElements', () => {
  const visited = (array: readonly unknown[]): { elements: unknown[]; odd: unknown } => {
    const elements: unknown[] = [];
    return { odd: visitElements(array, (index, element) => elements.push([index, element])), elements };
  };

  it('hands out each element with its index', () => {
    expect(visited(['a', 'b'])).toEqual({
      elements: [
        [0, 'a'],
        [1, 'b'],
      ],
      odd: undefined,
    });
    expect(visited([])).toEqual({ elements: [], odd: undefined });
  });

  it('says what is odd, and where', () => {
    const holed = ['a', 'b', 'c'];
    delete holed[1];
    expect(visited(holed).odd).toEqual({ key: 1, oddity: 'a hole in an array' });
    const accessor = Object.defineProperty(['a'], 0, { get: () => 'a' });
    expect(visited(accessor).odd).toEqual({ key: 0, oddity: 'an accessor property' });
    const extended = Object.assign(['a'], { more: 1 });
    expect(visited(extended).odd).toEqual({ key: undefined, oddity: 'an array with properties of its own' });
  });
});

describe('visitProperties', () => {
  const visited = (object: object): { properties: unknown[]; odd: unknown } => {
    const properties: unknown[] = [];
    return { odd: visitProperties(object, (key, value) => properties.push([key, value])), properties };
  };

  it('hands out each property', () => {
    expect(visited({ a: 1, b: undefined })).toEqual({
      properties: [
        ['a', 1],
        ['b', undefined],
      ],
      odd: undefined,
    });
  });

  it('says what is odd, and where', () => {
    expect(visited({ [Symbol('s')]: 1 }).odd).toEqual({ key: undefined, oddity: 'an object with a symbol as key' });
    expect(
      visited({
        get a() {
          return 1;
        },
      }).odd,
    ).toEqual({ key: 'a', oddity: 'an accessor property' });
    const hidden = Object.defineProperty({}, 'a', { value: 1, enumerable: false });
    expect(visited(hidden).odd).toEqual({ key: 'a', oddity: 'a property that is not enumerable' });
    const vanishing = new Proxy({}, { ownKeys: () => ['a'], getOwnPropertyDescriptor: () => undefined });
    expect(visited(vanishing).odd).toEqual({ key: 'a', oddity: 'an accessor property' });
  });
});

describe('describeOddValue', () => {
  it.each([
    [Number.NaN, 'NaN'],
    [Number.NEGATIVE_INFINITY, '-Infinity'],
    [undefined, 'undefined'],
    [new Date(0), 'an instance of Date'],
    [new Map(), 'an instance of Map'],
    [new Entry(), 'an instance of a class'],
    [1n, 'a bigint'],
    [Symbol('s'), 'a symbol'],
    [() => 1, 'a function'],
  ])('names %o as %s', (value, name) => {
    expect(describeOddValue(value)).toBe(name);
  });
});
