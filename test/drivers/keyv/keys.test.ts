import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { KeyLayout } from '../../../src/drivers/base/key-layout.js';
import { fromStoredKey, toStoredKey } from '../../../src/drivers/keyv/keys.js';

const anyId = fc.string({ unit: 'binary', minLength: 1, maxLength: 8 });
const anyPrefix = fc.stringMatching(/^[A-Za-z0-9_./-]{1,4}$/);
const anyKey = fc.tuple(anyPrefix, anyId, fc.option(anyId, { nil: undefined })).map(([prefix, id, record]) => {
  const account = new KeyLayout(prefix).account(id);
  return record === undefined ? account.head : account.recordPrefix + new KeyLayout().account(record).id;
});

describe('toStoredKey', () => {
  it('escapes upper-case letters and leaves the rest as it is', () => {
    expect(toStoredKey('pre.Fix:{a%C3%A9B}:r:BTC/x%25')).toBe('pre.%46ix:{a%C3%A9%42}:r:%42%54%43/x%25');
  });

  it('is reversible', () => {
    fc.assert(
      fc.property(anyPrefix, anyId, (prefix, id) => {
        const { head } = new KeyLayout(prefix).account(id);
        expect(fromStoredKey(toStoredKey(head))).toBe(head);
      }),
    );
  });

  it('keeps different keys different without regard to case, and to spaces at the end', () => {
    const folded = (key: string): string => toStoredKey(key).toLowerCase().trimEnd();
    fc.assert(
      fc.property(anyKey, anyKey, (a, b) => {
        expect(folded(a) === folded(b)).toBe(a === b);
      }),
    );
    const layout = new KeyLayout();
    const alike = ['a', 'A', 'a ', 'A ', '%41', '%61', 'é', 'É', 'ß', 'SS'];
    expect(new Set(alike.map((id) => folded(layout.account(id).head))).size).toBe(alike.length);
  });

  it('is the only source of what fromStoredKey takes', () => {
    for (const foreign of ['A', 'accountkeeper:{A}:head', '%4A%4b:%41B'])
      expect(fromStoredKey(foreign)).toBeUndefined();
  });
});
