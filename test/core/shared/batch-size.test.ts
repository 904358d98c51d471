import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { CommitBatch } from '../../../src/core/persistence-driver.js';
import { batchLimits, cutBatches, fits, mergedBatch, noChanges, sizeOf } from '../../../src/core/shared/batch-size.js';

/** Texts in braces are flagged as documents. */
const batchOf = (upserts: Readonly<Record<string, string>>, deletes: readonly string[] = []): CommitBatch => ({
  upserts: new Map(Object.entries(upserts)),
  deletes: new Set(deletes),
  documents: new Set(Object.keys(upserts).filter((recordKey) => upserts[recordKey]?.startsWith('{'))),
});

const limits = { records: 3, bytes: 12 };

const group = fc
  .record({
    upserts: fc.dictionary(fc.constantFrom('a', 'b', 'c', 'd'), fc.constantFrom('1', '{}', 'é'), { maxKeys: 2 }),
    deleted: fc.constantFrom('a', 'e', 'f'),
  })
  .map(({ upserts, deleted }) => batchOf(upserts, deleted in upserts ? [] : [deleted]));

describe('the size of a batch', () => {
  it('counts keys, texts and deleted keys in bytes of UTF-8', () => {
    expect(sizeOf(batchOf({ a: '1', é: 'éé' }, ['bcd']))).toEqual({ records: 3, bytes: 2 + 6 + 3 });
    expect(sizeOf(noChanges())).toEqual({ records: 0, bytes: 0 });
  });

  it('leaves room for the meta of the head, and for what that grows by', () => {
    const driver = { keyBytes: 10, valueBytes: 100, batchBytes: 1_000, batchRecords: 7 };
    expect(batchLimits(driver, 'é')).toEqual({ records: 7, bytes: 1_000 - 2 - 256 });
  });

  it('has no limit of records where the driver names none', () => {
    const former = { keyBytes: 10, valueBytes: 100, batchBytes: 1_000 } as Parameters<typeof batchLimits>[0];
    expect(batchLimits(former, '').records).toBe(Number.POSITIVE_INFINITY);
  });

  it.each([
    { size: { records: 3, bytes: 12 }, expected: true },
    { size: { records: 4, bytes: 1 }, expected: false },
    { size: { records: 1, bytes: 13 }, expected: false },
  ])('fits at the limits and not above: %o', ({ size, expected }) => {
    expect(fits(size, limits)).toBe(expected);
  });
});

describe('groups that are cut into batches', () => {
  it('lose nothing, stay in order, and are within the limits unless one group alone is not', () => {
    fc.assert(
      fc.property(fc.array(group), (groups) => {
        const batches = cutBatches(groups, limits);
        const merged = mergedBatch(groups);
        expect(mergedBatch(batches)).toEqual(merged);
        expect(merged).toEqual(batchOf(Object.fromEntries(merged.upserts), [...merged.deletes]));
        const alone = groups.filter((each) => !fits(sizeOf(each), limits)).length;
        expect(batches.filter((each) => !fits(sizeOf(each), limits)).length).toBeLessThanOrEqual(alone);
      }),
    );
  });

  it('are one batch when all of them fit together', () => {
    expect(cutBatches([batchOf({ a: '1' }), batchOf({ a: '2' }, ['b'])], limits)).toEqual([batchOf({ a: '2' }, ['b'])]);
    expect(cutBatches([], limits)).toEqual([noChanges()]);
  });

  it('are cut between groups, where the next one would be too much', () => {
    const groups = [batchOf({ a: '1', b: '1' }), batchOf({ c: '1' }), batchOf({ d: '1' }), batchOf({}, ['e', 'f'])];
    expect(cutBatches(groups, limits)).toEqual([batchOf({ a: '1', b: '1', c: '1' }), batchOf({ d: '1' }, ['e', 'f'])]);
  });
});
