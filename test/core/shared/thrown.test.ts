import { describe, expect, it } from 'vitest';
import { AccountKeeperError, isAccountKeeperError, toAccountKeeperError } from '../../../src/core/errors.js';
import { describeThrown, nameOfThrown } from '../../../src/core/shared/thrown.js';
import { HOSTILE_VALUES } from '../../support/hostile-values.js';

describe('describing what was thrown', () => {
  it('uses the message of an error, and a string as it is', () => {
    expect(describeThrown(new TypeError('no such thing'))).toBe('no such thing');
    expect(describeThrown('plain')).toBe('plain');
  });

  it('names the class of an error, and nothing of what it says', () => {
    expect(nameOfThrown(new TypeError('secret'))).toBe('TypeError');
    expect(nameOfThrown('secret')).not.toContain('secret');
  });

  it.each(HOSTILE_VALUES)('takes $name', ({ make }) => {
    expect(describeThrown(make())).toBeTypeOf('string');
    expect(nameOfThrown(make())).toBeTypeOf('string');
  });
});

describe('an error with the brand', () => {
  it('is told from everything else', () => {
    expect(isAccountKeeperError(new AccountKeeperError('CONFIG', 'x'))).toBe(true);
    expect(isAccountKeeperError(new Error('x'))).toBe(false);
  });

  it.each(HOSTILE_VALUES)('is made of $name', ({ make }) => {
    expect(isAccountKeeperError(make())).toBe(false);
    expect(toAccountKeeperError(make(), 'test')).toMatchObject({ code: 'UNAVAILABLE', outcome: 'unknown' });
  });
});
