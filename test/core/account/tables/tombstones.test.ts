import { describe, expect, it } from 'vitest';
import { Tombstones } from '../../../../src/core/account/tables/tombstones.js';
import { createHarness } from './table-harness.js';

describe('Tombstones', () => {
  it('remember the latest end', () => {
    const tombstones = new Tombstones(createHarness().context);
    expect(tombstones.get('a')).toBeUndefined();
    tombstones.bury('a', 5);
    tombstones.bury('a', 4);
    expect(tombstones.get('a')).toBe(5);
    tombstones.bury('a', 6);
    expect(tombstones.get('a')).toBe(6);
    tombstones.forget('a');
    expect(tombstones.get('a')).toBeUndefined();
  });

  it('are 10,000 at most: the oldest goes', () => {
    const tombstones = new Tombstones(createHarness().context);
    for (let index = 0; index < 10_000; index += 1) tombstones.bury(`o${index}`, index);
    expect(tombstones.get('o0')).toBe(0);
    tombstones.bury('o1', 20_000);
    tombstones.bury('new', 1);
    expect(tombstones.get('o0')).toBeUndefined();
    expect(tombstones.get('o1')).toBe(20_000);
    expect(tombstones.get('o2')).toBe(2);
    tombstones.bury('newer', 1);
    expect(tombstones.get('o1')).toBe(20_000);
    expect(tombstones.get('o2')).toBeUndefined();
  });

  it('are taken back with their transaction', () => {
    const { context, transactions } = createHarness();
    const tombstones = new Tombstones(context);
    tombstones.bury('a', 1);
    expect(() =>
      transactions.run(() => {
        tombstones.bury('a', 2);
        tombstones.bury('b', 2);
        throw new RangeError('undo');
      }),
    ).toThrow(RangeError);
    expect(tombstones.get('a')).toBe(1);
    expect(tombstones.get('b')).toBeUndefined();
  });
});
