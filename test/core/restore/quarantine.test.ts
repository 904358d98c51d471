import { describe, expect, it } from 'vitest';
import { Quarantine } from '../../../src/core/codec/quarantine.js';
import { AccountKeeperError } from '../../../src/core/errors.js';
import type { DriverLimits } from '../../../src/core/persistence-driver.js';

const LIMITS: DriverLimits = { keyBytes: 100, valueBytes: 10_000, batchBytes: 100_000, batchRecords: 1_000 };

interface Piece {
  readonly recordKey: string;
  readonly part: number;
  readonly of: number;
  readonly raw: string;
}

function quarantineOf(records: Readonly<Record<string, string>>, limits: Partial<DriverLimits> = {}): Quarantine {
  const unread = Object.entries(records).map(([recordKey, raw]) => ({
    recordKey,
    raw,
    error: new AccountKeeperError('CORRUPT', 'unreadable'),
  }));
  return new Quarantine(unread, 7, { ...LIMITS, ...limits });
}

/** The texts that have to be stored before the record is written. */
function copiesOf(quarantine: Quarantine, recordKey: string): readonly string[] {
  return quarantine.overwrite(recordKey).map((key) => quarantine.textOf(key) ?? 'none');
}

describe('records in quarantine', () => {
  it('have to be stored as they are until they are written over, and as a copy from then on', () => {
    const quarantine = quarantineOf({ 'metadata/A': 'a', 'metadata/B': 'b' });
    expect(quarantine.keys()).toEqual(['metadata/A', 'metadata/B']);
    expect(quarantine.textOf('metadata/A')).toBe('a');
    expect(quarantine.overwrite('metadata/A')).toEqual(['quarantine/7/metadata/A']);
    expect(quarantine.keys()).toEqual(['metadata/B', 'quarantine/7/metadata/A']);
    expect(quarantine.textOf('metadata/A')).toBeUndefined();
    expect(JSON.parse(quarantine.textOf('quarantine/7/metadata/A') ?? '')).toEqual({
      recordKey: 'metadata/A',
      reason: 'unreadable',
      raw: 'a',
    });
  });

  it('ask for nothing before a record that could be read is written', () => {
    const quarantine = quarantineOf({ 'metadata/A': 'a' });
    expect(quarantine.overwrite('metadata/B')).toEqual([]);
    expect(quarantine.textOf('metadata/B')).toBeUndefined();
  });

  it('ask for their copy until it is stored, whatever else is stored before', () => {
    const quarantine = quarantineOf({ 'metadata/A': 'a', 'metadata/B': 'b' });
    for (const recordKey of ['metadata/A', 'metadata/B']) quarantine.overwrite(recordKey);
    quarantine.stored(['metadata/C', 'quarantine/7/metadata/B']);
    expect(quarantine.overwrite('metadata/A')).toEqual(['quarantine/7/metadata/A']);
    expect(quarantine.overwrite('metadata/B')).toEqual([]);
    quarantine.stored(['metadata/A', 'quarantine/7/metadata/A']);
    expect(quarantine.overwrite('metadata/A')).toEqual([]);
    // A backend that was rolled back gets it again.
    expect(quarantine.keys()).toEqual(['quarantine/7/metadata/A', 'quarantine/7/metadata/B']);
  });

  it('ask for the pieces alone that are not stored yet', () => {
    const quarantine = quarantineOf({ 'metadata/A': 'x'.repeat(2_000) }, { valueBytes: 2_000 });
    const [first = '', ...others] = quarantine.overwrite('metadata/A');
    expect(others.length).toBeGreaterThan(0);
    quarantine.stored([first]);
    expect(quarantine.overwrite('metadata/A')).toEqual(others);
  });
});

describe('the copy of a record in quarantine', () => {
  const whole = JSON.stringify({ recordKey: 'metadata/A', reason: 'unreadable', raw: 'é'.repeat(900) });
  const bytes = Buffer.byteLength(whole);

  it.each([
    ['a value', { valueBytes: bytes }, { valueBytes: bytes - 1 }],
    ['half a batch, which also holds what takes the place', { batchBytes: 2 * bytes }, { batchBytes: 2 * bytes - 1 }],
  ])('is one text as long as it fits into %s', (_, enough, tooLittle) => {
    const records = { 'metadata/A': 'é'.repeat(900) };
    expect(copiesOf(quarantineOf(records, enough), 'metadata/A')).toEqual([whole]);
    expect(copiesOf(quarantineOf(records, tooLittle), 'metadata/A').length).toBeGreaterThan(1);
  });

  it.each([
    ['plain', 'x'.repeat(5_000), 'metadata/A', 1_500],
    ['of characters that JSON escapes', '\u0000'.repeat(5_000), 'metadata/A', 1_500],
    [
      'under a long key of characters that JSON escapes',
      '\u0000'.repeat(900),
      `metadata/${'\u0001'.repeat(600)}`,
      5_000,
    ],
    ['of lone surrogates', '\ud800'.repeat(3_000), 'metadata/A', 1_500],
  ])('is numbered pieces that fit and are the whole text together: %s', (_, raw, recordKey, valueBytes) => {
    const quarantine = quarantineOf({ [recordKey]: raw }, { valueBytes });
    const keys = quarantine.overwrite(recordKey);
    const texts = keys.map((key) => quarantine.textOf(key) ?? '');
    for (const text of texts) expect(Buffer.byteLength(text)).toBeLessThanOrEqual(valueBytes);
    const pieces = texts.map((text) => JSON.parse(text) as Piece);
    expect(pieces.map((piece) => piece.raw).join('')).toBe(raw);
    expect(pieces.map(({ part, of }) => [part, of])).toEqual(pieces.map((_, part) => [part, pieces.length]));
    expect(keys).toEqual(pieces.map((_, part) => expect.stringMatching(new RegExp(`/${part}$`))));
    expect(new Set(pieces.map((piece) => piece.recordKey))).toEqual(new Set([recordKey.slice(0, 512)]));
    // None is cut that would have held more of it: a piece takes most of the room, were each of its characters escaped.
    const frame = 512 + 6 * Math.min(recordKey.length, 512);
    expect(pieces).toHaveLength(Math.ceil(raw.length / Math.floor((valueBytes - frame) / 6)));
  });

  it('is in pieces of one character where there is no room', () => {
    const quarantine = quarantineOf({ 'metadata/A': 'abc' }, { valueBytes: 10 });
    const pieces = copiesOf(quarantine, 'metadata/A').map((text) => (JSON.parse(text) as Piece).raw);
    expect(pieces).toEqual(['a', 'b', 'c']);
  });

  it('has the key of its record in its own, as long as the number of a piece fits behind it', () => {
    const recordKey = `metadata/${'ü'.repeat(20)}`;
    const key = `quarantine/7/${recordKey}`;
    const keyBytes = Buffer.byteLength(key) + 16;
    expect(quarantineOf({ [recordKey]: 'a' }, { keyBytes }).overwrite(recordKey)).toEqual([key]);
    const [short = ''] = quarantineOf({ [recordKey]: 'a' }, { keyBytes: keyBytes - 1 }).overwrite(recordKey);
    expect(short).toMatch(/^quarantine\/7\/~[0-9a-f]{32}$/);
  });

  it('has a key of its own, also where record keys differ in lone surrogates alone', () => {
    const recordKeys = ['\ud800', '\ud801', '\ufffd'].map((end) => `metadata/${'x'.repeat(80)}${end}`);
    const quarantine = quarantineOf(Object.fromEntries(recordKeys.map((recordKey) => [recordKey, recordKey])));
    const keys = recordKeys.flatMap((recordKey) => quarantine.overwrite(recordKey));
    expect(new Set(keys).size).toBe(3);
  });
});
