import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Codec } from '../../../src/core/codec/record-codec.js';
import { withBadValue } from './bad-values.js';
import { refusedPath, thrownBy } from './thrown.js';

/** The tests that a codec refuses such values wherever they stand. */
export function refuses(codec: Codec, refused: Readonly<Record<string, unknown>>): void {
  it('refuses a bad value anywhere, naming its path', () => {
    fc.assert(
      fc.property(withBadValue(Object.values(refused)), ({ value, path }) => {
        expect(refusedPath(() => codec.encode(value))).toBe(path);
      }),
      { numRuns: 300 },
    );
  });

  it.each(Object.keys(refused))('refuses %s', (name) => {
    for (const value of [refused[name], { a: refused[name] }, [refused[name]]]) {
      expect(thrownBy(() => codec.encode(value))).toMatchObject({
        code: 'ENCODE',
        outcome: 'not-applied',
        retryable: false,
      });
    }
  });
}
