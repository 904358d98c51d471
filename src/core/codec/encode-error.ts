import { AccountKeeperError, isAccountKeeperError } from '../errors.js';
import { nameOfThrown } from '../thrown.js';

/** What `encode` returns; whatever it throws becomes an `ENCODE`. */
export function encodeWith(encode: () => string): string {
  try {
    return encode();
  } catch (thrown) {
    if (isAccountKeeperError(thrown)) throw thrown;
    throw new AccountKeeperError('ENCODE', `$ cannot be encoded: ${nameOfThrown(thrown)}`, { cause: thrown });
  }
}

/** What `decode` returns; whatever it throws becomes a `CORRUPT`. Its cause may quote the text, the message does not. */
export function decodeWith(codecName: string, decode: () => unknown): unknown {
  try {
    return decode();
  } catch (thrown) {
    const message = `the text was not written by the codec ${codecName}: ${nameOfThrown(thrown)}`;
    throw new AccountKeeperError('CORRUPT', message, { cause: thrown });
  }
}
