import { AccountKeeperError, isAccountKeeperError } from '../errors.js';
import { nameOfThrown } from '../shared/thrown.js';
import type { Codec } from './record-codec.js';

/** Known by identity: a codec that was made out of one of these may write anything. */
const JSON_CODECS = new WeakSet<Codec>();

/** Whether the codec's texts are JSON without white space between the parts. */
export function makesJson(codec: Codec): boolean {
  return JSON_CODECS.has(codec);
}

/**
 * A codec whose texts are compact JSON. Whatever its `encode` throws becomes an `ENCODE`, and its `decode` a `CORRUPT`,
 * whose cause may quote the text, the message does not.
 */
export function codecOf(name: string, encode: (value: unknown) => string, decode: (text: string) => unknown): Codec {
  const codec: Codec = Object.freeze({
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
  JSON_CODECS.add(codec);
  return codec;
}
