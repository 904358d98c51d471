import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { escapeKey, unescapeKey } from '../../../src/drivers/base/key-escape.js';
import { KeyLayout } from '../../../src/drivers/base/key-layout.js';

/** Any string of UTF-16 units, lone surrogates included, with the characters of the layout well represented. */
const anyId = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        ...[':', '{', '}', '%', '4', '1', 'A', 'a', '/', '\0', '\ud83d', '\udcb0', '\udcff', 'é', '\u0301'],
      ),
      fc.integer({ min: 0, max: 0xffff }).map((unit) => String.fromCharCode(unit)),
    ),
    { minLength: 1, maxLength: 12 },
  )
  .map((units) => units.join(''));

const anyPrefix = fc.stringMatching(/^[A-Za-z0-9_./-]{1,4}$/);

describe('escapeKey', () => {
  it('leaves what is safe as it is', () => {
    expect(escapeKey('metadata/BTCUSDT_1.x-Y')).toBe('metadata/BTCUSDT_1.x-Y');
    expect(escapeKey('a:{b}%é💰\ud800')).toBe('a%3A%7Bb%7D%25%C3%A9%F0%9F%92%B0%ED%A0%80');
  });

  it('is reversible and ASCII', () => {
    fc.assert(
      fc.property(anyId, (id) => {
        const escaped = escapeKey(id);
        expect(escaped).toMatch(/^[A-Za-z0-9_./%-]+$/);
        expect(unescapeKey(escaped)).toBe(id);
      }),
      { numRuns: 2000 },
    );
  });

  it('gives different ids different texts, in every case', () => {
    fc.assert(
      fc.property(anyId, anyId, (a, b) => {
        expect(escapeKey(a) === escapeKey(b)).toBe(a === b);
      }),
    );
  });

  it('is the only source of what unescapeKey takes', () => {
    const almost = fc.oneof(anyId, fc.stringMatching(/^(?:%[0-9A-Fa-f]{2}|[a-z:]){1,6}$/));
    fc.assert(
      fc.property(almost, (text) => {
        const id = unescapeKey(text);
        if (id !== undefined) expect(escapeKey(id)).toBe(text);
      }),
      { numRuns: 2000 },
    );
    const foreign = [
      '',
      '%',
      '%4',
      '%41',
      '%c3%a9',
      '%C3',
      '%C0%80',
      '%ED%A0%BD%ED%B2%B0',
      '%F8%80%80%80',
      '%FF',
      '%F4%90%80%80',
      'a b',
    ];
    for (const text of foreign) expect(unescapeKey(text)).toBeUndefined();
  });
});

describe('KeyLayout', () => {
  it('names the keys', () => {
    const { head, recordPrefix } = new KeyLayout().account('a:b');
    expect([head, recordPrefix]).toEqual(['accountkeeper:{a%3Ab}:head', 'accountkeeper:{a%3Ab}:r:']);
  });

  it('parses its own keys', () => {
    fc.assert(
      fc.property(anyPrefix, anyId, anyId, (prefix, accountId, record) => {
        const layout = new KeyLayout(prefix);
        const account = layout.account(accountId);
        expect(layout.parse(account.head)).toEqual({ kind: 'head', accountId });
        const key = account.recordPrefix + escapeKey(record);
        expect(layout.parse(key)).toEqual({ kind: 'record', accountId, record });
        expect(layout.accountOf(key)).toBe(accountId);
      }),
    );
  });

  it('keeps the ranges of accounts, and of prefixes, disjoint', () => {
    const within = (key: string, range: { from: string; to: string }): boolean => key >= range.from && key < range.to;
    fc.assert(
      fc.property(anyPrefix, anyPrefix, anyId, anyId, anyId, (prefix, otherPrefix, id, otherId, record) => {
        const layout = new KeyLayout(prefix);
        const account = layout.account(id);
        for (const key of [account.head, account.recordPrefix + escapeKey(record)]) {
          expect(within(key, account.range)).toBe(true);
          expect(within(key, layout.range)).toBe(true);
          expect(key < KeyLayout.behind(key)).toBe(true);
          expect(KeyLayout.behind(key)).toBe(account.range.to);
          expect(within(key, new KeyLayout(otherPrefix).range)).toBe(prefix === otherPrefix);
          expect(within(key, layout.account(otherId).range)).toBe(id === otherId);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('takes no foreign key for its own', () => {
    const layout = new KeyLayout('p');
    const foreign = [
      '',
      'p',
      'p:',
      'p:{a',
      'p:{a}',
      'p:{a}x',
      'p:{}:head',
      'p:{a}:heads',
      'p:{a}:r',
      'p:{a}:r:',
      'p:{a b}:head',
      'q:{a}:head',
    ];
    for (const key of foreign) expect(layout.parse(key)).toBeUndefined();
    expect(KeyLayout.behind('p:{a') > 'p:{a').toBe(true);
  });

  it.each(['', ':', 'a:b', 'a{', 'é', ' ', 'x'.repeat(129), 1, null])('rejects the prefix %j', (prefix) => {
    expect(() => new KeyLayout(prefix as string)).toThrow(expect.objectContaining({ code: 'CONFIG' }));
  });
});
