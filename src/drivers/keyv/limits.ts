import { AccountKeeperError } from '../../core/errors.js';
import type { DriverLimits } from '../../core/persistence-driver.js';
import { type ChecksOf, wholeNumber } from '../../core/shared/option-checks.js';
import { toStoredKey } from './keys.js';
import type { KeyvTarget } from './target.js';

const LARGEST = { keyBytes: 8192, valueBytes: 8 * 1024 ** 2, batchBytes: 16 * 1024 ** 2 };

/** An index page with one name in it has to fit. */
const LEAST = { keyBytes: 8, valueBytes: 1024 };

/** The rules for the limits that a caller states. */
export const LIMIT_RULES: ChecksOf<DriverLimits> = {
  keyBytes: wholeNumber(LEAST.keyBytes),
  valueBytes: wholeNumber(LEAST.valueBytes),
  batchBytes: wholeNumber(LEAST.valueBytes),
  batchRecords: wholeNumber(1),
};

/** The limits of a driver, and the sizes derived from them. */
export interface StorageLimits {
  readonly limits: DriverLimits;
  /** Bytes of a stored text; `undefined` where nothing is known of a limit, or the caller knows better. */
  readonly storedBytes: number | undefined;
  /** Bytes of an index page, about. */
  readonly pageBytes: number;
}

/**
 * The sizes that fit into the adapter, as far as known; `stated` replaces them. An account id and a record key stand in
 * one key, and escaping makes three characters of a byte at most. A byte of a value becomes six at most in JSON, and
 * one of `meta`, which is in JSON twice, seven.
 *
 * @throws `CONFIG` when the adapter's keys are too short to be of use
 */
export function storageLimits(target: KeyvTarget, prefix: string, stated: Partial<DriverLimits>): StorageLimits {
  const { batchRecords, keyCharacters, storedBytes } = target.profile;
  const frame = target.keyPrefix.length + toStoredKey(prefix).length + ':{'.length + '}:r:'.length;
  const fitting = keyCharacters === undefined ? LARGEST.keyBytes : Math.floor((keyCharacters - frame) / 6);
  const keyBytes = stated.keyBytes ?? Math.min(LARGEST.keyBytes, fitting);
  if (keyBytes < LEAST.keyBytes) {
    throw new AccountKeeperError(
      'CONFIG',
      `keyv: expected an adapter that takes keys of ${frame + 6 * LEAST.keyBytes} characters, received one that takes ` +
        `${keyCharacters}; give it a larger keySize, or a shorter namespace or prefix`,
    );
  }
  const head = 256 + 14 * keyBytes;
  const derived =
    storedBytes === undefined
      ? LARGEST.valueBytes
      : Math.min(LARGEST.valueBytes, Math.max(LEAST.valueBytes, Math.floor((storedBytes - head) / 7)));
  const valueBytes = stated.valueBytes ?? derived;
  return {
    limits: {
      keyBytes,
      valueBytes,
      batchBytes: stated.batchBytes ?? LARGEST.batchBytes,
      batchRecords: stated.batchRecords ?? batchRecords,
    },
    storedBytes: valueBytes > derived ? undefined : storedBytes,
    pageBytes: Math.min(32 * 1024, valueBytes),
  };
}
