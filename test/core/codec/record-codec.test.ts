import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Codec } from '../../../src/core/codec/record-codec.js';
import { encodeRecord, parseRecord } from '../../../src/core/codec/record-codec.js';
import { richCodec } from '../../../src/core/codec/rich-codec.js';
import { jsonCodec } from '../../../src/core/codec/strict-json-codec.js';
import { thrownBy } from './thrown.js';

describe('a record', () => {
  it('is its schema version, its codec and its payload', () => {
    expect(encodeRecord(jsonCodec, 3, { a: ';' })).toBe('3;json;{"a":";"}');
    expect(encodeRecord(richCodec, 0, 1n)).toBe('0;rich;[["BigInt","1"]]');
  });

  it('is taken apart as it was put together', () => {
    const name = fc.stringMatching(/^[a-z][a-z0-9-]{0,10}$/);
    fc.assert(
      fc.property(fc.maxSafeNat(), name, fc.string({ unit: 'binary' }), (schemaVersion, codecName, payload) => {
        const codec: Codec = { name: codecName, encode: () => payload, decode: (text) => text };
        expect(parseRecord(encodeRecord(codec, schemaVersion, null))).toEqual({ schemaVersion, codecName, payload });
      }),
    );
  });

  it('may have an empty payload, and one with line breaks', () => {
    expect(parseRecord('1;a;')).toEqual({ schemaVersion: 1, codecName: 'a', payload: '' });
    expect(parseRecord('10;a-1;\n;x;\n')).toEqual({ schemaVersion: 10, codecName: 'a-1', payload: '\n;x;\n' });
    expect(parseRecord(`${Number.MAX_SAFE_INTEGER};a;`).schemaVersion).toBe(Number.MAX_SAFE_INTEGER);
  });

  it.each([
    '',
    ';json;1',
    '1;json',
    '1;;1',
    '1json;1',
    ' 1;json;1',
    '\n1;json;1',
    'x1;json;1',
    '01;json;1',
    '00;json;1',
    '-1;json;1',
    '+1;json;1',
    '1.5;json;1',
    '1e3;json;1',
    '1;Json;1',
    '1;1json;1',
    '1;-json;1',
    '1;js_on;1',
    '1; json;1',
    '9007199254740992;json;1',
    '99999999999999999999;json;1',
    '{"value":1}',
  ])('is not %j', (text) => {
    expect(thrownBy(() => parseRecord(text)).code).toBe('CORRUPT');
  });

  it('is not made of what is no text', () => {
    const codec = { name: 'broken', encode: () => undefined, decode: () => undefined } as unknown as Codec;
    expect(thrownBy(() => encodeRecord(codec, 1, {})).code).toBe('ENCODE');
  });

  it('is not made of what its codec refuses', () => {
    expect(thrownBy(() => encodeRecord(jsonCodec, 1, Number.NaN)).code).toBe('ENCODE');
  });
});
