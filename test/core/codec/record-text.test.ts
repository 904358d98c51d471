import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Codec } from '../../../src/core/codec/record-codec.js';
import { parseRecord, recordWriter } from '../../../src/core/codec/record-text.js';
import { richCodec } from '../../../src/core/codec/rich-codec.js';
import { jsonCodec } from '../../../src/core/codec/strict-json-codec.js';
import { jsonWithProtoKeys } from './bad-values.js';
import { thrownBy } from './thrown.js';

const anyName = fc.stringMatching(/^[a-z][a-z0-9-]{0,10}$/);
const anyText = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.array(fc.integer({ min: 0xd7ff, max: 0xe000 })).map((units) => String.fromCharCode(...units)),
);

function writing(payload: unknown, name = 'mine'): Codec {
  return { name, encode: () => payload as string, decode: (text) => text };
}

describe('a record', () => {
  it('is a JSON object of its schema version, its codec and its payload', () => {
    expect(recordWriter(jsonCodec, 3)({ a: ';' })).toBe('{"v":3,"c":"json","d":{"a":";"}}');
    expect(recordWriter(richCodec, 0)(1n)).toBe('{"v":0,"c":"rich","d":[["BigInt","1"]]}');
  });

  it('has the text of any other codec as a string, that of one made out of a codec of ours included', () => {
    expect(recordWriter(writing('{"a":1}'), 1)(null)).toBe(String.raw`{"v":1,"c":"mine","t":"{\"a\":1}"}`);
    expect(recordWriter({ ...jsonCodec, encode: () => 'x' }, 1)(null)).toBe('{"v":1,"c":"json","t":"x"}');
  });

  it('is taken apart as it was put together, whatever its codec writes', () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), anyName, anyText, (schemaVersion, codecName, payload) => {
        const record = recordWriter(writing(payload, codecName), schemaVersion)(null);
        expect(parseRecord(record)).toEqual({ schemaVersion, codecName, payload });
        expect(JSON.stringify(JSON.parse(record))).toBe(record);
      }),
    );
  });

  it('is one JSON text without white space, and holds the payload of a codec of ours as it is', () => {
    fc.assert(
      fc.property(jsonWithProtoKeys, fc.maxSafeNat(), (value, schemaVersion) => {
        for (const codec of [jsonCodec, richCodec]) {
          const record = recordWriter(codec, schemaVersion)(value);
          const payload = codec.encode(value);
          expect(parseRecord(record)).toEqual({ schemaVersion, codecName: codec.name, payload });
          expect(JSON.parse(record)).toEqual({ v: schemaVersion, c: codec.name, d: JSON.parse(payload) });
          expect(record.replace(/"(?:[^"\\]|\\.)*"/g, '')).not.toMatch(/\s/);
        }
      }),
    );
  });

  it('of version 0.1.0 is read, with an empty payload and with line breaks, too', () => {
    expect(parseRecord('1;a;')).toEqual({ schemaVersion: 1, codecName: 'a', payload: '' });
    expect(parseRecord('10;a-1;\n;x;\n')).toEqual({ schemaVersion: 10, codecName: 'a-1', payload: '\n;x;\n' });
    expect(parseRecord(`${Number.MAX_SAFE_INTEGER};a;`).schemaVersion).toBe(Number.MAX_SAFE_INTEGER);
  });

  it('that was cut short is none, or has a payload that its codec refuses', () => {
    fc.assert(
      fc.property(jsonWithProtoKeys, fc.nat(), (value, length) => {
        for (const codec of [jsonCodec, richCodec, writing(JSON.stringify(value))]) {
          const whole = recordWriter(codec, 1)(value);
          const cut = whole.slice(0, length % whole.length);
          expect(thrownBy(() => jsonCodec.decode(parseRecord(cut).payload)).code).toBe('CORRUPT');
        }
      }),
    );
  });

  it.each(['{"v":1,"c":"json","d":{}},"more":{}}', '{"v":1,"c":"json","d":1,"more":1}', '{"v":1,"c":"json","d":1}}'])(
    'with more than belongs into it has a payload that its codec refuses: %j',
    (text) => {
      expect(thrownBy(() => jsonCodec.decode(parseRecord(text).payload)).code).toBe('CORRUPT');
    },
  );

  it.each([
    ...['', ';json;1', '1;json', '1;;1', '1json;1', ' 1;json;1', '\n1;json;1', 'x1;json;1', '01;json;1', '00;json;1'],
    ...['-1;json;1', '+1;json;1', '1.5;json;1', '1e3;json;1', '1;Json;1', '1;1json;1', '1;-json;1', '1;js_on;1'],
    ...['1; json;1', '9007199254740992;json;1', '99999999999999999999;json;1', '{"value":1}', '{}', 'null'],
    ...['{"v":01,"c":"json","d":1}', '{"v":1.5,"c":"json","d":1}', '{"v":-1,"c":"json","d":1}', '{"v":1,"c":"json"}'],
    ...['{"v":9007199254740992,"c":"json","d":1}', '{"v":1,"c":"Json","d":1}', '{"v":1,"c":"","d":1}'],
    ...[
      '{"v":1,"c":"json","x":1}',
      '{"v":1,"c":"json","d":1',
      ' {"v":1,"c":"json","d":1}',
      '{"v":1, "c":"json","d":1}',
    ],
    ...['{"c":"json","v":1,"d":1}', '{"v":1,"c":"a","t":1}', '{"v":1,"c":"a","t":"x","d":1}', '{"v":1,"c":"a","t":"x}'],
  ])('is not %j', (text) => {
    expect(thrownBy(() => parseRecord(text)).code).toBe('CORRUPT');
  });

  it('is not made of what is no text', () => {
    expect(thrownBy(() => recordWriter(writing(undefined), 1)({})).code).toBe('ENCODE');
  });

  it('is not made of what its codec refuses', () => {
    expect(thrownBy(() => recordWriter(jsonCodec, 1)(Number.NaN)).code).toBe('ENCODE');
  });
});
