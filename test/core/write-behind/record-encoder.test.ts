import { describe, expect, it } from 'vitest';
import { AccountRecords } from '../../../src/core/account/tables/account-records.js';
import { MetadataTable } from '../../../src/core/account/tables/metadata-table.js';
import { Quarantine } from '../../../src/core/codec/quarantine.js';
import { jsonCodec } from '../../../src/core/codec/strict-json-codec.js';
import { AccountKeeperError } from '../../../src/core/errors.js';
import type { DriverLimits, StoredAccount } from '../../../src/core/persistence-driver.js';
import { RecordEncoder } from '../../../src/core/write-behind/record-encoder.js';
import { createHarness } from '../account/tables/table-harness.js';

const LIMITS: DriverLimits = { keyBytes: 20, valueBytes: 100, batchBytes: 1_000, batchRecords: 10 };

/** An encoder of the metadata of A (which can be written) and B (which cannot), with one unreadable record. */
function createEncoder(limits: Partial<DriverLimits> = {}): RecordEncoder {
  const table = new MetadataTable<object, object>(createHarness().context);
  table.set('A', { n: 1 });
  table.set('B', { n: Number.NaN });
  const unreadable = { recordKey: 'metadata/X', raw: '???', error: new AccountKeeperError('CORRUPT', 'unreadable') };
  return new RecordEncoder({
    records: new AccountRecords([table], new Set(['metadata'])),
    codec: jsonCodec,
    schemaVersion: 1,
    quarantine: new Quarantine([unreadable], 1, LIMITS),
    limits: { ...LIMITS, ...limits },
  });
}

/** A string whose record has so many bytes. */
const filling = (bytes: number): string => 'x'.repeat(bytes - '{"v":1,"c":"json","d":""}'.length);

function errorOf(encoder: RecordEncoder, recordKey: string, value: unknown): AccountKeeperError {
  const encoded = encoder.encode(recordKey, value);
  if (!('error' in encoded)) throw new Error('it was encoded');
  return encoded.error;
}

describe('the record encoder', () => {
  it('encodes values, leaves out records that are not there, and keeps unreadable ones as they are stored', () => {
    const encoder = createEncoder();
    expect(encoder.encode('metadata/A', encoder.valueOf('metadata/A'))).toEqual({
      text: '{"v":1,"c":"json","d":{"n":1}}',
      bytes: 'metadata/A'.length + 30,
      isDocument: true,
    });
    expect(encoder.encode('metadata/C', encoder.valueOf('metadata/C'))).toEqual({
      text: undefined,
      bytes: 10,
      isDocument: false,
    });
    expect(encoder.encode('metadata/X', encoder.valueOf('metadata/X'))).toEqual({
      text: '???',
      bytes: 13,
      isDocument: false,
    });
    expect(encoder.valueOf('orders/1')).toBeUndefined();
    expect(encoder.shown(['metadata/A', 'metadata/X'])).toEqual(
      new Map<string, unknown>([
        ['metadata/A', { n: 1 }],
        ['metadata/X', '???'],
      ]),
    );
  });

  it('takes what the limits allow, and nothing larger', () => {
    const encoder = createEncoder();
    expect(encoder.encode('k'.repeat(20), 1)).toMatchObject({
      text: '{"v":1,"c":"json","d":1}',
      bytes: 20 + 24,
    });
    expect(errorOf(encoder, 'k'.repeat(21), 1)).toMatchObject({ code: 'INVALID_KEY', records: ['k'.repeat(21)] });
    expect(errorOf(encoder, 'k'.repeat(21), undefined).message).toContain('up to 20 bytes, received 21');
    expect(encoder.encode('key', filling(100))).toHaveProperty('text');
    const large = errorOf(encoder, 'key', filling(101));
    expect(large).toMatchObject({ code: 'TOO_LARGE', records: ['key'] });
    expect(large.message).toContain('"key" cannot be written');
    expect(large.message).toContain('up to 100 bytes, received 101');
    const narrow = createEncoder({ batchBytes: 50 });
    expect(narrow.encode('0123456789', filling(40))).toHaveProperty('text');
    expect(errorOf(narrow, '0123456789', filling(41)).code).toBe('TOO_LARGE');
  });

  it('says of what the codec refuses that it cannot be encoded, and why', () => {
    const encoder = createEncoder();
    const error = errorOf(encoder, 'metadata/B', encoder.valueOf('metadata/B'));
    expect(error).toMatchObject({ code: 'ENCODE', records: ['metadata/B'], outcome: 'not-applied' });
    expect(error.message).toContain('$.n');
    expect(error.cause).toBeInstanceOf(Error);
  });

  it('knows everything that is to be stored, and what is stored beside it of its own tables', () => {
    const encoder = createEncoder();
    const own = ['metadata/A', 'metadata/B', 'metadata/X'];
    expect([...encoder.everything()].sort()).toEqual(own);
    const stored: StoredAccount = {
      head: { revision: 1, writerId: 'w', writeId: 'x', meta: '', dropped: false },
      records: new Map([
        ['metadata/old', '1;json;{}'],
        ['orders/1', '1;json;{}'],
      ]),
      corrupt: new Map([['metadata/torn', '?']]),
    };
    expect([...encoder.everything(stored)].sort()).toEqual([...own, 'metadata/old', 'metadata/torn']);
  });

  it('encodes all that can be encoded, and names the others', () => {
    const encoder = createEncoder();
    const { texts, failed } = encoder.encodeAll(['metadata/A', 'metadata/B', 'metadata/C', 'metadata/X']);
    expect([...texts]).toEqual([
      ['metadata/A', '{"v":1,"c":"json","d":{"n":1}}'],
      ['metadata/X', '???'],
    ]);
    expect(failed).toEqual(['metadata/B']);
  });
});
