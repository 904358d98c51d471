import vm from 'node:vm';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { jsonCodec } from '../../../src/core/codec/strict-json-codec.js';
import { jsonWithProtoKeys } from './bad-values.js';
import { refuses } from './refuses.js';
import { refusedPath, thrownBy } from './thrown.js';

class Instance {
  readonly field = 1;
}

/** What is refused with the path of the value itself. */
const REFUSED: Record<string, unknown> = {
  NaN: Number.NaN,
  Infinity: Number.POSITIVE_INFINITY,
  '-Infinity': Number.NEGATIVE_INFINITY,
  'a BigInt': 1n,
  'a Date': new Date(0),
  'a Map': new Map(),
  'a Set': new Set(),
  'a RegExp': /x/,
  'an Error': new Error('x'),
  'a Uint8Array': new Uint8Array(1),
  'a class instance': new Instance(),
  'an object that inherits': Object.create({ inherited: 1 }) as unknown,
  'an object that inherits from an object without a prototype': Object.create(Object.create(null)) as unknown,
  'an array of a subclass': new (class extends Array<number> {})(),
  'a boxed number': Object(1) as unknown,
  'a boxed string': Object('x') as unknown,
  'a boxed boolean': Object(false) as unknown,
  'a function': () => 1,
  'a class': Instance,
  'a symbol': Symbol('x'),
  'an object with a symbol as key': { [Symbol('x')]: 1 },
  'a Date of another realm': vm.runInNewContext('new Date(0)') as unknown,
  'a Map of another realm': vm.runInNewContext('new Map()') as unknown,
};

const nested = (levels: number): unknown => {
  let value: unknown = 1;
  for (let level = 0; level < levels; level += 1) value = level % 2 === 0 ? [value] : { a: value };
  return value;
};

const encodeError = (value: unknown): ReturnType<typeof thrownBy> => thrownBy(() => jsonCodec.encode(value));
const pathOf = (value: unknown): string => refusedPath(() => jsonCodec.encode(value));

describe('jsonCodec', () => {
  it('has a name, and is frozen', () => {
    expect(jsonCodec.name).toBe('json');
    expect(Object.isFrozen(jsonCodec)).toBe(true);
  });

  it('gives back every JSON value, own __proto__ keys included', () => {
    fc.assert(
      fc.property(jsonWithProtoKeys, (value) => {
        const text = jsonCodec.encode(value);
        expect(text).toBe(JSON.stringify(value));
        expect(jsonCodec.decode(text)).toStrictEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });

  it('gives back every string, lone surrogates included', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.array(fc.integer({ min: 0xd7ff, max: 0xe000 })), (text, codes) => {
        const string = text + String.fromCharCode(...codes);
        expect(jsonCodec.decode(jsonCodec.encode(string))).toBe(string);
        expect(jsonCodec.decode(jsonCodec.encode({ [string]: 1 }))).toStrictEqual({ [string]: 1 });
      }),
    );
  });

  refuses(jsonCodec, REFUSED);

  it('leaves out properties that are undefined', () => {
    expect(jsonCodec.encode({ a: undefined, b: { c: undefined }, d: 1 })).toBe('{"b":{},"d":1}');
  });

  it('refuses undefined at the top and in arrays', () => {
    expect(pathOf(undefined)).toBe('$');
    expect(pathOf([1, undefined])).toBe('$[1]');
    expect(pathOf({ a: [undefined] })).toBe('$.a[0]');
  });

  it('refuses holes in arrays, however long these are', () => {
    const sparse = [1];
    sparse[4_000_000_000] = 2;
    expect(pathOf(sparse)).toBe('$[1]');
    expect(pathOf(new Array(3))).toBe('$[0]');
  });

  it('refuses properties that JSON would drop or run', () => {
    const accessor = {
      a: {
        get b(): number {
          throw new Error('was run');
        },
      },
    };
    expect(pathOf(accessor)).toBe('$.a.b');
    expect(pathOf({ a: Object.defineProperty({}, 'b', { value: 1 }) })).toBe('$.a.b');
    expect(pathOf(Object.assign([1], { extra: 2 }))).toBe('$');
    expect(encodeError(Object.assign([1], { [Symbol('x')]: 2 })).code).toBe('ENCODE');
    expect(pathOf(Object.defineProperty([1, 2], 1, { get: () => 3 }))).toBe('$[1]');
    expect(pathOf({ a: { toJSON: () => 5 } })).toBe('$.a.toJSON');
    expect(encodeError(vm.runInNewContext('(function () { return arguments; })(1)')).code).toBe('ENCODE');
  });

  it('makes 0 of −0', () => {
    expect(jsonCodec.encode([-0, { a: -0 }])).toBe('[0,{"a":0}]');
    expect(jsonCodec.encode(-0)).toBe('0');
  });

  it('refuses cycles, naming where an object is met again', () => {
    const cyclic: { a: { b: unknown[] } } = { a: { b: [] } };
    cyclic.a.b.push(1, cyclic.a);
    expect(pathOf(cyclic)).toBe('$.a.b[1]');
    const self: unknown[] = [];
    self.push(self);
    expect(pathOf(self)).toBe('$[0]');
  });

  it('writes an object that is met twice, twice', () => {
    const shared = { a: [1] };
    expect(jsonCodec.encode([shared, shared, { b: shared.a }])).toBe('[{"a":[1]},{"a":[1]},{"b":[1]}]');
  });

  it('takes objects without a prototype and of another realm', () => {
    const bare = Object.assign(Object.create(null) as object, { a: [] });
    expect(jsonCodec.encode(bare)).toBe('{"a":[]}');
    expect(jsonCodec.encode(vm.runInNewContext('({ a: [1, { b: null }] })'))).toBe('{"a":[1,{"b":null}]}');
  });

  it('takes frozen values', () => {
    expect(jsonCodec.encode(Object.freeze({ a: Object.freeze([1]) }))).toBe('{"a":[1]}');
  });

  it('takes 1,000 levels and refuses more', () => {
    expect(jsonCodec.decode(jsonCodec.encode(nested(1_000)))).toStrictEqual(nested(1_000));
    expect(encodeError(nested(1_001)).code).toBe('ENCODE');
    expect(encodeError(nested(100_000)).code).toBe('ENCODE');
  });

  it('does not take what a broken object throws for its own error', () => {
    const hostile = new Proxy(
      {},
      {
        ownKeys: () => {
          throw new TypeError('boom');
        },
      },
    );
    expect(encodeError({ a: hostile })).toMatchObject({ code: 'ENCODE', cause: expect.any(TypeError) });
    const odd = new Proxy(
      {},
      {
        ownKeys: () => {
          throw 'boom';
        },
      },
    );
    expect(encodeError(odd)).toMatchObject({ code: 'ENCODE', cause: 'boom' });
  });

  it.each(['', 'x', '{', '{"a":1', '[1,]', 'undefined', 'NaN', "{'a':1}", '1 2'])('rejects the text %j', (text) => {
    const error = thrownBy(() => jsonCodec.decode(text));
    expect(error).toMatchObject({ code: 'CORRUPT', cause: expect.any(SyntaxError) });
  });

  it('does not quote the text in the message', () => {
    expect(thrownBy(() => jsonCodec.decode('"secret')).message).not.toContain('secret');
  });
});
