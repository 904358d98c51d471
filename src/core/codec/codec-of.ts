import { AccountKeeperError, isAccountKeeperError } from '../errors.js';
import { nameOfThrown } from '../shared/thrown.js';
import type { Codec } from './record-codec.js';

/**
 * A codec. Whatever its `encode` throws becomes an `ENCODE`, and its `decode` a `CORRUPT`, whose cause may quote the
 * text, the message does not.
 */
export function codecOf(name: string, encode: (value: unknown) => string, decode: (text: string) => unknown): Codec {
  return Object.freeze({
    name,
    encode: (value: unknown): string => {
      try {
        return encode(value);
      } catch (thrown) {
        if (isAccountKeeperError(thrown)) throw thrown;
        throw new AccountKeeperError('ENCODE', `$ cannot be encoded: ${nameOfThrown(thrown)}`, { cause: thrown });
      }
    },
    decode: (text: string): unknown => {
      try {
        return decode(text);
      } catch (thrown) {
        const message = `the text was not written by the codec ${name}: ${nameOfThrown(thrown)}`;
        throw new AccountKeeperError('CORRUPT', message, { cause: thrown });
      }
    },
  });
}
