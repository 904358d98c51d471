import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { differencesBetween, payloadOfRecord } from '../../src/operator/record-differences.js';

describe('payloadOfRecord', () => {
  it.each([
    ['{"v":1,"c":"json","d":{"n":1}}', { n: 1 }],
    ['1;json;{"n":1}', { n: 1 }],
    ['{"v":1,"c":"mine","t":"not JSON"}', 'not JSON'],
    ['{"v":1,"c":"json","d":{"n":', '{"v":1,"c":"json","d":{"n":'],
    ['nonsense', 'nonsense'],
  ])('of %s', (text, payload) => {
    expect(payloadOfRecord(text)).toEqual(payload);
  });
});

describe('differencesBetween', () => {
  it('names each place by its path', () => {
    const before = { n: 1, kept: 'x', gone: true, inner: { a: [1], b: 2 } };
    const after = { n: 2, kept: 'x', inner: { a: [1, 2], b: 2 }, fresh: null };
    expect(differencesBetween(before, after)).toEqual([
      { path: 'n', before: 1, after: 2 },
      { path: 'inner.a', before: [1], after: [1, 2] },
      { path: 'fresh', before: undefined, after: null },
      { path: 'gone', before: true, after: undefined },
    ]);
    expect(differencesBetween(1, 2)).toEqual([{ path: '', before: 1, after: 2 }]);
  });

  it('finds none exactly where the texts are the same, for any JSON', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (a, b) => {
        expect(differencesBetween(a, structuredClone(a))).toEqual([]);
        const isSame = JSON.stringify(sorted(a)) === JSON.stringify(sorted(b));
        if (isSame) return;
        expect(differencesBetween(a, b).length).toBeGreaterThan(0);
      }),
      { numRuns: 200 },
    );
  });
});

/** With the keys of objects in order, but for those within arrays. */
function sorted(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, each]) => [name, sorted(each)]),
  );
}
