import fc from 'fast-check';
import Keyv from 'keyv';
import { describe, expect, it } from 'vitest';
import { decodeEnvelope, encodeEnvelope } from '../../../src/drivers/base/envelope.js';

const { serialize, deserialize } = new Keyv();

const anyValue = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.array(fc.integer({ min: 0, max: 0xffff })).map((units) => String.fromCharCode(...units)),
  fc.string().map((rest) => `:${rest}`),
  fc.string().map((rest) => `:base64:${rest}`),
  fc.json(),
);

describe('the envelope', () => {
  it('is the text that Keyv writes, and reads', async () => {
    await fc.assert(
      fc.asyncProperty(anyValue, async (value) => {
        const text = encodeEnvelope(value);
        expect(text).toBe(serialize?.({ value, expires: undefined }));
        expect(await deserialize?.<string>(text)).toEqual({ value });
      }),
      { numRuns: 1000 },
    );
  });

  it('gives the value back, through UTF-8', () => {
    fc.assert(
      fc.property(anyValue, (value) => {
        expect(decodeEnvelope(Buffer.from(encodeEnvelope(value)).toString())).toBe(value);
      }),
      { numRuns: 1000 },
    );
  });

  it('is read as Keyv reads it, or not at all', async () => {
    const texts = fc.oneof(
      fc.json(),
      anyValue.map((value) => JSON.stringify({ value })),
      fc.json().map((json) => `{"value":${json}}`),
    );
    await fc.assert(
      fc.asyncProperty(texts, async (text) => {
        const value = decodeEnvelope(text);
        if (value !== undefined) expect((await deserialize?.<string>(text))?.value).toBe(value);
      }),
      { numRuns: 1000 },
    );
  });

  it.each([
    ...[
      '',
      ' ',
      'x',
      '{',
      '[]',
      'null',
      '"x"',
      '{}',
      '{"value":1}',
      '{"value":null}',
      '{"value":{}}',
      '{"value":["x"]}',
    ],
    ...['{"value":"x"', '{"value":"x","expires":1}', '{"value":"x","expires":"1"}', '{"value":"x","more":1}'],
    '{"value":":base64:eA=="}',
  ])('is not %j', (text) => {
    expect(decodeEnvelope(text)).toBeUndefined();
  });
});
