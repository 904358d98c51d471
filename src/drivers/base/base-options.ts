import { AccountKeeperError } from '../../core/errors.js';
import { badOption, type Check, type ChecksOf, duration } from '../../core/shared/option-checks.js';

/** The options that every driver on {@link BaseDriver} has. */
export interface BaseDriverOptions {
  /**
   * The beginning of all keys: 1 to 128 of `A-Z a-z 0-9 _ . / -`. Drivers with different prefixes are disjoint.
   *
   * @default 'accountkeeper'
   */
  readonly prefix?: string;
  /**
   * Milliseconds, at least 1, after which an operation that is given no `timeoutMs` rejects `TIMEOUT`.
   *
   * @default 10_000
   */
  readonly operationTimeoutMs?: number;
}

/** A text that passes the test. */
export function textThat(expected: string, passes: (text: string) => boolean): Check<string> {
  return (path, value) => {
    if (typeof value === 'string' && passes(value)) return value;
    throw badOption(path, expected, value);
  };
}

const NON_EMPTY = 'a non-empty string without NUL';

const isNonEmpty = (text: string): boolean => text !== '' && !text.includes('\0');

/** Any string that has something in it. */
export const nonEmptyText: Check<string> = textThat(NON_EMPTY, isNonEmpty);

/** The same; what is received is not shown. */
export const secretText: Check<string> = (path, value) => {
  if (typeof value === 'string' && isNonEmpty(value)) return value;
  throw badSecret(path, NON_EMPTY);
};

/** The error for an option whose value may be a secret. */
export function badSecret(path: string, expected: string): AccountKeeperError {
  return new AccountKeeperError('CONFIG', `${path}: expected ${expected}; what was received is not shown`);
}

/** The checks of {@link BaseDriverOptions}. */
export const BASE_OPTIONS: ChecksOf<BaseDriverOptions> = { prefix: nonEmptyText, operationTimeoutMs: duration(1) };
