import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PendingSet } from '../../../src/core/flush/pending-set.js';

describe('PendingSet', () => {
  it('keeps the oldest change of a record', () => {
    const pending = new PendingSet();
    pending.mark('a', 10);
    pending.mark('b', 20);
    pending.mark('a', 30);
    expect(pending.size).toBe(2);
    expect(pending.lastSequence).toBe(3);
    expect(pending.oldest).toEqual({ sequence: 1, sinceMs: 10 });
    expect([...pending.keys()]).toEqual(['a', 'b']);
    expect(pending.has('b')).toBe(true);
    expect(pending.has('c')).toBe(false);
  });

  it('has no oldest change when empty', () => {
    expect(new PendingSet().oldest).toBeUndefined();
  });

  it('hands out everything, or the oldest few', () => {
    const pending = new PendingSet();
    for (const recordKey of ['a', 'b', 'c']) pending.mark(recordKey, 0);
    expect([...pending.take(2, Number.POSITIVE_INFINITY).keys()]).toEqual(['a', 'b']);
    expect([...pending.keys()]).toEqual(['c']);
    expect([...pending.take(1, Number.POSITIVE_INFINITY).keys()]).toEqual(['c']);
    expect(pending.size).toBe(0);
    expect(pending.take(Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY).size).toBe(0);
  });

  it('puts back what was taken in front of what came since, with its age', () => {
    const pending = new PendingSet();
    pending.mark('a', 1);
    pending.mark('b', 2);
    const taken = pending.take(Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY);
    pending.mark('c', 3);
    pending.mark('b', 4);
    pending.putBack(taken);
    expect([...pending.keys()]).toEqual(['a', 'b', 'c']);
    expect(pending.oldest).toEqual({ sequence: 1, sinceMs: 1 });
    expect(
      [...pending.take(Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY).values()].map(({ sinceMs }) => sinceMs),
    ).toEqual([1, 2, 3]);
  });

  it('loses nothing and stays in order, whatever is taken and put back', () => {
    const operation = fc.oneof(
      fc.record({ mark: fc.constantFrom('a', 'b', 'c', 'd') }),
      fc.record({ take: fc.integer({ min: 1, max: 4 }) }),
      fc.record({ putBack: fc.constant(true) }),
    );
    fc.assert(
      fc.property(fc.array(operation), (operations) => {
        const pending = new PendingSet();
        let taken = new Map();
        const expected = new Set<string>();
        let nowMs = 0;
        for (const each of operations) {
          nowMs += 1;
          if ('mark' in each) {
            pending.mark(each.mark, nowMs);
            expected.add(each.mark);
          } else if ('take' in each && taken.size === 0) {
            taken = pending.take(each.take, Number.POSITIVE_INFINITY);
          } else if ('putBack' in each) {
            pending.putBack(taken);
            taken = new Map();
          }
        }
        pending.putBack(taken);
        expect(new Set(pending.keys())).toEqual(expected);
        const sequences = [...pending.take(Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY).values()].map(
          ({ sequence }) => sequence,
        );
        expect(sequences).toEqual([...sequences].sort((one, other) => one - other));
      }),
    );
  });
});
