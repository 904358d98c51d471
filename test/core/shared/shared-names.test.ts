import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sharedName } from '../../../src/core/shared/shared-names.js';

describe('sharedName', () => {
  it('is the same text, whatever it is', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (name) => sharedName(name) === name));
    expect(['__proto__', 'constructor', '', '17'].map(sharedName)).toEqual(['__proto__', 'constructor', '', '17']);
  });

  it('is the same text for more names than are remembered', () => {
    for (let round = 0; round < 2; round += 1) {
      for (let index = 0; index < 3_000; index += 1) expect(sharedName(`S${index}`)).toBe(`S${index}`);
    }
  });
});
