import vm from 'node:vm';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { deepFreeze } from '../../../src/core/account/tables/deep-freeze.js';
import { richCodec } from '../../../src/core/codec/rich-codec.js';
import { jsonWithProtoKeys } from './bad-values.js';
import { refuses } from './refuses.js';
import { refusedPath, thrownBy } from './thrown.js';

class Instance {
  readonly field = 1;
}

const REFUSED: Record<string, unknown> = {
  'a function': () => 1,
  'a class': Instance,
  'a symbol': Symbol('x'),
  'a class instance': new Instance(),
  'an object that inherits': Object.create({ inherited: 1 }) as unknown,
  'a boxed number': Object(1) as unknown,
  'a boxed BigInt': Object(1n) as unknown,
  'a RegExp': /x/,
  'a URL': new URL('http://a.b'),
  'an Error': new Error('x'),
  'a Uint8Array': new Uint8Array(1),
  'an ArrayBuffer': new ArrayBuffer(1),
  'a promise': Promise.resolve(1),
  'a WeakMap': new WeakMap(),
  'a Map of a subclass': new (class extends Map<string, number> {})(),
  'a Set of a subclass': new (class extends Set<string> {})(),
  'a Date of a subclass': new (class extends Date {})(0),
  'an array of a subclass': new (class extends Array<number> {})(),
  'a Map with properties': Object.assign(new Map(), { extra: 1 }),
  'a Date with properties': Object.assign(new Date(0), { extra: 1 }),
  'a Set with properties': Object.assign(new Set(), { extra: 1 }),
  'a Map without a prototype': Object.setPrototypeOf(new Map(), null) as unknown,
  'an object with a symbol as key': { [Symbol('x')]: 1 },
};

/** Everything that the codec keeps, nested. */
const richValue: fc.Arbitrary<unknown> = fc.letrec<{ value: unknown }>((tie) => {
  const key = fc.oneof(fc.string(), fc.constantFrom('__proto__', '\\__proto__', '\\\\__proto__', 'x__proto__', 'then'));
  const entries = fc.uniqueArray(fc.tuple(key, tie('value')), { selector: ([name]) => name, maxLength: 4 });
  return {
    value: fc.oneof(
      { depthSize: 'small' },
      fc.oneof(
        fc.constantFrom(Number.NaN, Infinity, -Infinity, -0, 0, undefined, null, true, false),
        fc.double(),
        fc.string({ unit: 'binary' }),
        fc.bigInt(),
        fc.date({ noInvalidDate: false }),
      ),
      entries.map((list) => Object.fromEntries(list)),
      entries.map((list) => {
        const bare: object = Object.create(null);
        for (const [name, value] of list)
          Object.defineProperty(bare, name, { value, enumerable: true, writable: true, configurable: true });
        return bare;
      }),
      fc.array(tie('value'), { maxLength: 4 }),
      fc.array(tie('value'), { maxLength: 4 }).map((list) => new Set(list)),
      fc.array(fc.tuple(tie('value'), tie('value')), { maxLength: 4 }).map((list) => new Map(list)),
    ),
  };
}).value;

const roundTrip = (value: unknown): unknown => richCodec.decode(richCodec.encode(value));
const encodeError = (value: unknown): ReturnType<typeof thrownBy> => thrownBy(() => richCodec.encode(value));
const pathOf = (value: unknown): string => refusedPath(() => richCodec.encode(value));
const decodeError = (text: string): ReturnType<typeof thrownBy> => thrownBy(() => richCodec.decode(text));

describe('richCodec', () => {
  it('has a name, and is frozen', () => {
    expect(richCodec.name).toBe('rich');
    expect(Object.isFrozen(richCodec)).toBe(true);
  });

  it('gives back every value that it takes', () => {
    fc.assert(
      fc.property(richValue, (value) => {
        expect(roundTrip(value)).toStrictEqual(value);
      }),
      { numRuns: 500 },
    );
  });

  it('gives back every JSON value, own __proto__ keys included', () => {
    fc.assert(
      fc.property(jsonWithProtoKeys, (value) => {
        const decoded = roundTrip(value);
        expect(decoded).toStrictEqual(value);
        expect(JSON.stringify(decoded)).toBe(JSON.stringify(value));
      }),
    );
  });

  it('tells values apart that JSON makes the same', () => {
    const decoded = roundTrip([-0, Number.NaN, undefined, new Date(Number.NaN), 10n ** 30n]) as unknown[];
    expect(Object.is(decoded[0], -0)).toBe(true);
    expect(decoded[1]).toBeNaN();
    expect(decoded[2]).toBeUndefined();
    expect((decoded[3] as Date).getTime()).toBeNaN();
    expect(decoded[4]).toBe(10n ** 30n);
    expect(roundTrip(undefined)).toBeUndefined();
    expect(Object.keys(roundTrip({ a: undefined }) as object)).toEqual(['a']);
  });

  it('keeps __proto__ keys as data, and prototypes as they are', () => {
    const value = JSON.parse('{"__proto__":{"polluted":1},"\\\\__proto__":2}') as object;
    const decoded = roundTrip(value) as object;
    expect(Object.getPrototypeOf(decoded)).toBe(Object.prototype);
    expect(Object.entries(decoded)).toEqual([
      ['__proto__', { polluted: 1 }],
      ['\\__proto__', 2],
    ]);
    expect(Object.getOwnPropertyDescriptor(decoded, '__proto__')).toMatchObject({
      writable: true,
      enumerable: true,
      configurable: true,
    });
    expect(Object.getPrototypeOf(roundTrip(Object.create(null)))).toBeNull();
  });

  it('keeps objects that are met twice or hold themselves', () => {
    const shared = { a: 1 };
    const value: { list: unknown[]; self?: unknown } = { list: [shared, shared] };
    value.self = value;
    const decoded = roundTrip(value) as typeof value;
    expect(decoded.self).toBe(decoded);
    expect(decoded.list[0]).toBe(decoded.list[1]);
  });

  it('is not slowed by objects that are met very often', () => {
    let value: unknown = [];
    for (let level = 0; level < 100; level += 1) value = [value, value];
    const text = richCodec.encode(value);
    expect(richCodec.encode(richCodec.decode(text))).toBe(text);
  });

  it('takes what the store has frozen', () => {
    const value = { map: new Map([['a', { b: 1 }]]), set: new Set([1]), at: new Date(5) };
    deepFreeze(value);
    expect(roundTrip(value)).toEqual({ map: new Map([['a', { b: 1 }]]), set: new Set([1]), at: new Date(5) });
  });

  it('takes values of another realm', () => {
    const value = vm.runInNewContext('({ a: [new Date(5), new Map([[1, 2]]), new Set([3])] })') as unknown;
    expect(roundTrip(value)).toEqual({ a: [new Date(5), new Map([[1, 2]]), new Set([3])] });
  });

  refuses(richCodec, REFUSED);

  it.each([
    { where: 'a value of a Map', value: { m: new Map([['k"', [Symbol()]]]) }, path: '$.m.get("k\\"")[0]' },
    {
      where: 'a value under a key that is no string',
      value: new Map([
        [1, 2],
        [3, Symbol()],
      ] as never),
      path: '$.values()[1]',
    },
    {
      where: 'a key of a Map',
      value: new Map<unknown, unknown>([
        ['a', 1],
        [Symbol(), 2],
      ]),
      path: '$.keys()[1]',
    },
    { where: 'an element of a Set', value: [new Set<unknown>([1, { f: Symbol() }])], path: '$[0].values()[1].f' },
    { where: 'behind a value that is fine', value: { a: { b: [1] }, c: [[2], Symbol()] }, path: '$.c[1]' },
    { where: 'behind a Map and a Set', value: [new Map([[1, 1]]), new Set([1]), Symbol()], path: '$[2]' },
    { where: 'a hole', value: Object.assign(new Array(3), { 0: 1, 2: 3 }), path: '$[1]' },
    {
      where: 'an accessor',
      value: {
        a: {
          get b() {
            return 1;
          },
        },
      },
      path: '$.a.b',
    },
    { where: 'what is not enumerable', value: [Object.defineProperty({}, 'b', { value: 1 })], path: '$[0].b' },
    { where: 'an accessor of an array', value: [Object.defineProperty([1, 2], 1, { get: () => 3 })], path: '$[0][1]' },
    { where: 'properties of an array', value: { a: Object.assign([1], { extra: 2 }) }, path: '$.a' },
  ])('names the path of $where', ({ value, path }) => {
    expect(pathOf(value)).toBe(path);
  });

  it('takes 1,000 levels and refuses more', () => {
    const nested = (levels: number): unknown => {
      let value: unknown = 1;
      for (let level = 0; level < levels; level += 1) value = level % 2 === 0 ? [value] : new Map([[1, value]]);
      return value;
    };
    expect(richCodec.encode(roundTrip(nested(1_000)))).toBe(richCodec.encode(nested(1_000)));
    expect(encodeError(nested(1_001)).code).toBe('ENCODE');
    expect(encodeError(nested(100_000)).code).toBe('ENCODE');
    const wide = Array.from({ length: 2_000 }, () => [new Map([[1, new Set([[]])]])]);
    expect(roundTrip(wide)).toEqual(wide);
  });

  it.each([
    '',
    'x',
    '{}',
    '[]',
    'null',
    '"text"',
    '5',
    '-2',
    '[[1]]',
    '[["Map",1]]',
    '[["Date","yesterday"]]',
    '[["Date","2020-01-01"]]',
    '[["Date",5]]',
    '[["BigInt","x"]]',
    '[["Unknown",1]]',
    '[["RegExp","(a+)+$"]]',
    '[["URL","http://a.b"]]',
    '[["Object",1],5]',
    '[["ArrayBuffer","AAAA"]]',
    '[["Uint8Array",1],["ArrayBuffer","AAAA"]]',
    '[["Float64Array",1,0,100000000],["ArrayBuffer","AAAA"]]',
    '[["Temporal.Instant","2020-01-01T00:00:00Z"]]',
    '[[-7,4294967295]]',
    '[{"__proto__":1},{"polluted":2},3]',
    '[["null","__proto__",1],2]',
  ])('rejects the text %j', (text) => {
    expect(decodeError(text)).toMatchObject({ code: 'CORRUPT', cause: expect.any(Error) });
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });

  it('rejects text that is nested beyond the stack', () => {
    const levels = 200_000;
    const text = `[${Array.from({ length: levels }, (_, index) => `[${index + 1}]`).join(',')},1]`;
    expect(decodeError(text).code).toBe('CORRUPT');
  });

  it('never builds anything but what it writes, whatever the text', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
        let value: unknown;
        try {
          value = richCodec.decode(text);
        } catch (error) {
          expect(error).toMatchObject({ code: 'CORRUPT' });
          return;
        }
        richCodec.encode(value);
      }),
    );
  });
});
