import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { describeOddValue, isPlainArray, isPlainObject } from '../../../src/core/codec/plain-shape.js';

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
