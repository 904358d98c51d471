import vm from 'node:vm';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isSurelyJson } from '../../../src/core/codec/surely-json.js';
import { jsonWithProtoKeys } from './bad-values.js';

const symbol = Symbol('s');
const hidden = { value: 1, enumerable: false };
const accessor = { get: () => 1, enumerable: true };
const setter = { set: () => undefined, enumerable: true };

/** What JSON would drop, run or change, or what has to be looked at more closely. */
const DOUBTFUL: Readonly<Record<string, unknown>> = {
  undefined: undefined,
  NaN: Number.NaN,
  Infinity: Number.POSITIVE_INFINITY,
  'a BigInt': 1n,
  'a symbol': symbol,
  'a function': () => 1,
  'a Date': new Date(0),
  'a Map': new Map(),
  'an instance': new (class Instance {})(),
  'a boxed string': Object('x') as unknown,
  'an array of a subclass': new (class extends Array<number> {})(),
  'an accessor': Object.defineProperty({}, 'a', accessor),
  'an accessor without a getter': Object.defineProperty({}, 'a', setter),
  'a frozen accessor': Object.freeze(Object.defineProperty({}, 'a', accessor)),
  'a hidden property': Object.defineProperty({}, 'a', hidden),
  'a hidden property beside others': Object.defineProperty({ b: 1 }, 'a', hidden),
  'a hidden property that is undefined': Object.defineProperty({}, 'a', { value: undefined }),
  'a symbol as key': { [symbol]: 1 },
  'a hidden symbol as key': Object.defineProperty({}, symbol, hidden),
  'a hole': new Array(1),
  'a hole in the midst': Object.assign(new Array(3), { 0: 1, 2: 3 }),
  'an undefined element': [undefined],
  'an accessor in an array': Object.defineProperty([1, 2], 1, accessor),
  'an accessor without a getter in an array': Object.defineProperty([1, 2], 1, setter),
  'an array with a property': Object.assign([1], { more: 1 }),
  'an array with a hidden property': Object.defineProperty([1], 'more', hidden),
  'the strings of a template': ((strings: TemplateStringsArray) => strings)`a`,
  'an array with a symbol as key': Object.assign([1], { [symbol]: 1 }),
  'an object of another realm': vm.runInNewContext('({})') as unknown,
  'an array of another realm': vm.runInNewContext('[]') as unknown,
  'an object without a prototype': Object.create(null) as unknown,
};

describe('a value', () => {
  it('of JSON alone is surely JSON, frozen or not', () => {
    fc.assert(
      fc.property(jsonWithProtoKeys, (value) => {
        expect(isSurelyJson(value)).toBe(true);
        expect(isSurelyJson(typeof value === 'object' && value !== null ? Object.freeze(value) : value)).toBe(true);
      }),
    );
  });

  it.each(Object.keys(DOUBTFUL))('that is or holds %s is not', (name) => {
    const doubtful = DOUBTFUL[name];
    const around = [{ a: [doubtful] }, [{ a: 1 }, [doubtful]], ...(doubtful === undefined ? [] : [{ a: doubtful }])];
    for (const value of [doubtful, ...around]) expect(isSurelyJson(value)).toBe(false);
  });

  it('may have properties that are undefined, which JSON leaves out', () => {
    expect(isSurelyJson({ a: undefined, b: { c: undefined } })).toBe(true);
  });

  it('that holds itself, or is nested deeper than can be written, is not', () => {
    const self: Record<string, unknown> = {};
    self['a'] = self;
    self['b'] = self;
    expect(isSurelyJson(self)).toBe(false);
    let nested: unknown = 1;
    for (let level = 0; level < 1_000; level += 1) nested = [nested];
    expect(isSurelyJson(nested)).toBe(true);
    expect(isSurelyJson([nested])).toBe(false);
  });
});
