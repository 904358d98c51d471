import { type AccountKeeperError, isAccountKeeperError } from '../../../src/core/errors.js';

/** The typed error that `fn` throws. */
export function thrownBy(fn: () => unknown): AccountKeeperError {
  try {
    fn();
  } catch (error) {
    if (isAccountKeeperError(error)) return error;
    throw new Error('not a typed error', { cause: error });
  }
  throw new Error('nothing was thrown');
}

/** The path of the value that `encode` refuses. It begins the message. */
export function refusedPath(encode: () => unknown): string {
  const { code, message } = thrownBy(encode);
  if (code !== 'ENCODE') throw new Error(`the code is ${code}`);
  return message.slice(0, message.indexOf(': expected '));
}
