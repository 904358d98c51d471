import { describe, expect, it } from 'vitest';
import type { HeadSwap } from '../../../src/drivers/base/backend-connection.js';
import { KnownNames } from '../../../src/drivers/redis/known-names.js';

function swap(expected: string | undefined, next: string, names: string, deletes = ''): HeadSwap {
  const upserts = new Map([...names].map((name) => [name, '{}']));
  return { expected, next, upserts, deletes: [...deletes], deletesAll: false };
}

function known(names: KnownNames, head: string | undefined): string {
  return [...names.under('a', head)].sort().join('');
}

describe('KnownNames', () => {
  it('knows what commits have written, and not what they have deleted', () => {
    const names = new KnownNames(10);
    names.note('a', swap(undefined, '1', 'xy'));
    names.note('a', swap('1', '2', 'z', 'x'));
    expect(known(names, '2')).toBe('yz');
  });

  it('knows nothing under another head, nor of another account', () => {
    const names = new KnownNames(10);
    names.note('a', swap(undefined, '1', 'x'));
    names.note('a', swap('1', '2', 'y'));
    expect([undefined, '', '1', '3'].map((head) => known(names, head))).toEqual(['', '', '', '']);
    expect(names.under('b', '2').size).toBe(0);
  });

  it('begins anew after a commit on top of a head that it does not know', () => {
    const names = new KnownNames(10);
    names.note('a', swap(undefined, '1', 'x'));
    names.note('a', swap('other', '3', 'y'));
    expect(known(names, '3')).toBe('y');
    expect(known(names, '1')).toBe('');
  });

  it('keeps what it knows when a head is written once more', () => {
    const names = new KnownNames(10);
    names.note('a', swap(undefined, '1', 'x'));
    names.note('a', swap('1', '1', ''));
    expect(known(names, '1')).toBe('x');
  });

  it('never knows more than it may, of all accounts together', () => {
    const names = new KnownNames(3);
    names.note('b', swap(undefined, '1', 'xy'));
    names.note('a', swap(undefined, '1', 'x'));
    names.note('a', swap('1', '2', 'x'));
    expect(known(names, '2')).toBe('x');
    names.note('a', swap('2', '3', 'y'));
    expect(known(names, '3') + [...names.under('b', '1')].join('')).toBe('');
    names.note('a', swap('3', '4', 'xyz'));
    names.forget('a');
    names.note('b', swap(undefined, '1', 'xyz'));
    expect(names.under('b', '1').size).toBe(3);
  });
});
