import type { ErrorCode } from '../../../src/core/errors.js';
import { type AccountWriter, mapOf, type Records } from '../account-writer.js';
import type { Clause } from '../clause.js';
import { expectEqual, expectHead, expectRecords, expectRejection, expectThat } from '../expectations.js';

/** More than this is not made for a test. A driver that takes more is tested up to here. */
const TESTED_BYTES = 64 * 1024 ** 2;
const TESTED_RECORDS = 100_000;
const KEY_BYTES = 6;
/** Some backends take a request for each record. */
const TIMEOUT_MS = 60_000;

/** The codes for a key above its limit, and for a value or a batch. */
const KEY_CODES: readonly ErrorCode[] = ['INVALID_KEY', 'TOO_LARGE'];
const SIZE_CODES: readonly ErrorCode[] = ['TOO_LARGE'];

const trueLimits: Clause = {
  id: 'FA7',
  group: 'failures',
  title: 'limits are true: at the limit works, above it rejects INVALID_KEY (a key) or TOO_LARGE',
  needs: [],
  async run(scope) {
    const driver = await scope.open();
    const { keyBytes, valueBytes, batchBytes, batchRecords } = driver.limits;
    for (const [name, limit] of Object.entries({ keyBytes, valueBytes, batchBytes, batchRecords })) {
      expectThat(`limits.${name}`, Number.isFinite(limit) ? Number.isSafeInteger(limit) : true, 'an integer', limit);
      expectThat(`limits.${name}`, limit > 0, 'more than 0', limit);
    }
    const key = Math.min(keyBytes, TESTED_BYTES);
    const value = Math.min(valueBytes, batchBytes - 1, TESTED_BYTES);
    const account = scope.writer(driver, textOf(key, scope.unique('account')));
    await works('an account id', account, { key: '1' });
    await works('a record key', scope.writer(driver), { [textOf(key)]: '1' });
    await works('a value', scope.writer(driver), { k: textOf(value) });
    await works('a batch', scope.writer(driver), fullBatch(Math.min(batchBytes, TESTED_BYTES), value));
    if (!scope.capabilities.atomicCommit) {
      // AC5 has so many records in one batch where a commit is atomic.
      const count = Math.min(batchRecords, TESTED_RECORDS, Math.floor(batchBytes / KEY_BYTES));
      await scope.writer(driver).commit(shortRecords(count), [], { timeoutMs: TIMEOUT_MS });
    }

    const writer = scope.writer(driver);
    await writer.commit({ key: '1' });
    if (keyBytes <= TESTED_BYTES) {
      const tooLong = textOf(keyBytes + 1);
      await refused('commit of an account id', scope.writer(driver, tooLong).commit({ key: '1' }), KEY_CODES);
      await refused('head of an account id', driver.head(tooLong), KEY_CODES);
      await refused('load of an account id', driver.load(tooLong), KEY_CODES);
      await refused('a record key', writer.commit({ fits: '1', [tooLong]: '1' }), KEY_CODES, [tooLong]);
    }
    if (valueBytes < TESTED_BYTES) {
      await refused('a value', writer.commit({ fits: '1', k: textOf(valueBytes + 1) }), SIZE_CODES, ['k']);
    }
    if (batchBytes <= TESTED_BYTES) {
      const records = fullBatch(batchBytes, value);
      records.set('more', '');
      await refused('a batch', writer.commit(records), SIZE_CODES);
    }
    if (batchRecords <= TESTED_RECORDS) {
      await refused('a batch of records', writer.commit(shortRecords(batchRecords + 1)), SIZE_CODES);
      const deletes = new Set(shortRecords(batchRecords).keys());
      await refused('a batch of deletes', writer.commit({ more: '1' }, deletes), SIZE_CODES);
    }
    expectHead('the head after what was refused', await driver.head(writer.id), writer.head);
    expectRecords('the records after what was refused', await writer.load(), mapOf({ key: '1' }));
  },
};

/** Exactly that many bytes of UTF-8, of which characters there are about a third: limits are in bytes. */
function textOf(bytes: number, start = ''): string {
  const rest = Math.max(0, bytes - start.length);
  return start.slice(0, bytes) + '€'.repeat(Math.floor(rest / 3)) + 'x'.repeat(rest % 3);
}

/** Records whose keys and values have exactly that many bytes together. */
function fullBatch(bytes: number, largest: number): Map<string, string> {
  const records = new Map<string, string>();
  for (let rest = bytes; rest > 0; ) {
    const key = `${records.size}`.padStart(Math.min(4, rest), '0');
    const size = Math.min(largest, rest - key.length);
    records.set(key, textOf(size));
    rest -= key.length + size;
  }
  return records;
}

/** Records without a value, under keys that are as short as each other. */
function shortRecords(count: number): Map<string, string> {
  return new Map(Array.from({ length: count }, (_, index) => [`${index}`.padStart(KEY_BYTES, '0'), '']));
}

async function works(what: string, writer: AccountWriter, records: Records): Promise<void> {
  await writer.commit(records);
  expectRecords(`${what} at the limit`, await writer.load(), mapOf(records));
  await writer.drop();
}

async function refused(
  what: string,
  promise: Promise<unknown>,
  codes: readonly ErrorCode[],
  atFault?: readonly string[],
): Promise<void> {
  const error = await expectRejection(`${what} above the limit`, promise, codes, ['not-applied']);
  if (atFault !== undefined) expectEqual(`the records that the error names, for ${what}`, error.records, atFault);
}

/** Failures, continued: limits. */
export const limitClauses: readonly Clause[] = [trueLimits];
