import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Decimal } from './decimal.js';

const integers = fc.bigInt({ min: -(10n ** 20n), max: 10n ** 20n });

/** A number of `digits` digits after the point. */
function scaled(units: bigint, digits: number): Decimal {
  const text = (units < 0n ? -units : units).toString().padStart(digits + 1, '0');
  return Decimal.of(`${units < 0n ? '-' : ''}${text.slice(0, -digits)}.${text.slice(-digits)}`);
}

describe('a decimal', () => {
  it('adds, subtracts and multiplies exactly', () => {
    fc.assert(
      fc.property(integers, integers, (one, other) => {
        const [left, right] = [scaled(one, 10), scaled(other, 10)];
        expect(left.plus(right).toString()).toBe(scaled(one + other, 10).toString());
        expect(left.minus(right).toString()).toBe(scaled(one - other, 10).toString());
        expect(left.times(right).toString()).toBe(scaled(one * other, 20).toString());
        expect(left.compare(right)).toBe(one < other ? -1 : one > other ? 1 : 0);
      }),
    );
  });

  it('reads what it writes', () => {
    fc.assert(fc.property(integers, (units) => scaled(units, 18).compare(Decimal.of(`${scaled(units, 18)}`)) === 0));
  });

  it.each([
    ['0.1', '0.3', '0.333333333333333333333333333333'],
    ['1', '8', '0.125'],
    ['-1', '3', '-0.333333333333333333333333333333'],
  ])('divides %s by %s, cut at the last digit', (one, other, quotient) => {
    expect(Decimal.of(one).dividedBy(Decimal.of(other)).toString()).toBe(quotient);
  });

  it.each([
    ['1.005', 2, '1.01'],
    ['-1.005', 2, '-1.01'],
    ['1.0049', 2, '1'],
    ['0', 8, '0'],
    ['12.5', 0, '13'],
  ])('rounds %s to %i digits, halves away from zero', (text, digits, rounded) => {
    expect(Decimal.of(text).round(digits).toString()).toBe(rounded);
  });

  it.each(['', '1e5', '.5', '1.', ' 1', 'NaN', `0.${'1'.repeat(31)}`])('refuses %j', (text) => {
    expect(() => Decimal.of(text)).toThrow(TypeError);
  });

  it('knows multiples, and the smaller and larger of two', () => {
    const [small, large] = [Decimal.of('0.15'), Decimal.of('0.6')];

    expect(large.isMultipleOf(small)).toBe(true);
    expect(small.isMultipleOf(large)).toBe(false);
    expect([small.min(large), small.max(large), Decimal.sum([small, large])].map(String)).toEqual([
      '0.15',
      '0.6',
      '0.75',
    ]);
  });
});
