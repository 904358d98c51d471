import fc from 'fast-check';
import Keyv from 'keyv';
import { describe, expect, it } from 'vitest';
import {
  decodeEnvelope,
  encodeDocument,
  encodeEnvelope,
  isFramed,
  SEPARATOR,
} from '../../../src/drivers/base/envelope.js';

const { serialize, deserialize } = new Keyv();

const anyValue = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.array(fc.integer({ min: 0, max: 0xffff })).map((units) => String.fromCharCode(...units)),
  fc.string().map((rest) => `:${rest}`),
  fc.string().map((rest) => `:base64:${rest}`),
  fc.json(),
);

/** The JSON texts of objects, with all that could be taken for something else. */
const oddText = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.constantFrom(
    '',
    ':',
    ':x',
    ':base64:eA==',
    ',"ak":1}',
    '},"ak":1}',
    '":',
    ',":',
    '[":x',
    '\\":',
    'é',
    '💰',
    '\ud800',
  ),
);
const anyDocument = fc
  .dictionary(
    oddText,
    fc.jsonValue({ depthSize: 'small' }).chain((value) => fc.constantFrom(value, [value])),
  )
  .chain((object) =>
    fc.tuple(oddText, oddText).map(([key, text]) => JSON.stringify({ ...object, [key]: text, n: [text, { ak: 1 }] })),
  );
const plainDocument = fc
  .dictionary(
    fc.string(),
    fc.oneof(
      fc.integer(),
      fc.string().filter((text) => !text.startsWith(':')),
    ),
  )
  .map((object) => JSON.stringify(object));

describe('the envelope of a document', () => {
  it('holds an object, in which a plain Keyv finds what JSON.parse finds', async () => {
    await fc.assert(
      fc.asyncProperty(fc.oneof(anyDocument, plainDocument), async (document) => {
        const text = encodeDocument(document);
        const data = await deserialize?.<unknown>(text);
        expect(data?.value).toEqual(isFramed(text) ? JSON.parse(document) : document);
        expect(data?.expires).toBeUndefined();
      }),
      { numRuns: 1000 },
    );
  });

  it('gives back its exact text, through UTF-8', () => {
    fc.assert(
      fc.property(fc.oneof(anyDocument, plainDocument), (document) => {
        expect(decodeEnvelope(Buffer.from(encodeDocument(document)).toString())).toBe(document);
      }),
      { numRuns: 1000 },
    );
    for (const document of [
      '{}',
      '{"a":1.0,"b":1E5,"a":"\\u00e9"}',
      '{"__proto__":{"2":1,"1":[]}}',
      '{"a":{"b":{}}}',
    ]) {
      expect(encodeDocument(document)).toBe(`{"value":${document},"ak":1}`);
      expect(decodeEnvelope(encodeDocument(document))).toBe(document);
    }
  });

  it('never holds a separator, whatever it is made of', () => {
    const text = fc.oneof(oddText, fc.constant(SEPARATOR), anyDocument);
    fc.assert(
      fc.property(fc.array(text), (parts) => {
        const odd = parts.join(SEPARATOR);
        for (const given of [odd, `{"a":"${odd}"}`, JSON.stringify({ [odd]: odd })]) {
          for (const envelope of [encodeDocument(given), encodeEnvelope(given)]) {
            expect(envelope.includes(SEPARATOR)).toBe(false);
            expect(decodeEnvelope(envelope)).toBe(given);
          }
        }
      }),
      { numRuns: 1000 },
    );
  });

  it('that was cut short is none', () => {
    fc.assert(
      fc.property(fc.oneof(anyDocument, plainDocument), fc.nat(), (document, length) => {
        const text = encodeDocument(document);
        expect(decodeEnvelope(text.slice(0, length % text.length))).toBeUndefined();
      }),
      { numRuns: 1000 },
    );
  });

  it.each([
    ...[
      '{"a":":x"}',
      '{"a":[":"]}',
      '{"a":["x",":base64:eA=="]}',
      '{"a":{"b":":"}}',
      '{"a":"},\\"ak\\":1}","b":{},"ak":1}',
      `{"a":"${SEPARATOR}"}`,
    ],
    ...['', '1', '[]', '"x"', 'null', '{', '}', '{}x', ' {}', '{"a":"\ud800"}'],
  ])('is that of a string where an object is none, or cannot stand there: %j', (text) => {
    expect(encodeDocument(text)).toBe(encodeEnvelope(text));
  });

  it.each([
    ...[
      '{"value":{"v":1}}',
      '{"value":{"v":1},"expires":1,"ak":1}',
      '{"value":{"v":1},"ak":2}',
      '{"value":{"v":1},"ak":1,"more":1}',
    ],
    ...[
      '{"value":[],"ak":1}',
      '{"value":1,"ak":1}',
      '{"value":null,"ak":1}',
      '{"value":"x","ak":1}',
      '{"ak":1,"value":{}}',
    ],
    ...[' {"value":{},"ak":1}', '{"value":{},"ak":1} ', '{"value":{"v":1},"ak":1', '{"value": {},"ak":1}'],
  ])('is not %j', (text) => {
    expect(decodeEnvelope(text)).toBeUndefined();
  });
});

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
