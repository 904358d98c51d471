// @ts-check
/** @import { CommitBatch } from 'accountkeeper' */
// What callers hand over is checked before anything is read or written, and copied: the maps are theirs to change.
import { AccountKeeperError } from 'accountkeeper';

const MEBIBYTE = 1024 ** 2;

export const LIMITS = Object.freeze({
  keyBytes: 8 * 1024,
  valueBytes: 8 * MEBIBYTE,
  batchBytes: 16 * MEBIBYTE,
  batchRecords: 100_000,
});

/**
 * @param {unknown} key
 * @param {string} what
 * @param {readonly string[]} [records] the keys at fault
 */
export function checkKey(key, what, records) {
  if (typeof key !== 'string' || key === '') {
    const received = key === '' ? 'an empty string' : typeof key;
    throw refusal('INVALID_KEY', `${what}: received ${received}, allowed is a string that is not empty`, records);
  }
  const bytes = Buffer.byteLength(key);
  if (bytes > LIMITS.keyBytes) {
    throw refusal('INVALID_KEY', `${what}: received ${bytes} bytes, allowed are ${LIMITS.keyBytes}`, records);
  }
}

/** @param {CommitBatch} batch @returns {CommitBatch} a copy */
export function checkedBatch(batch) {
  const upserts = new Map(batch.upserts);
  const deletes = new Set(batch.deletes);
  const records = upserts.size + deletes.size;
  if (records > LIMITS.batchRecords) {
    throw refusal('TOO_LARGE', `a commit: received ${records} records, allowed are ${LIMITS.batchRecords}`);
  }
  let bytes = 0;
  for (const key of [...upserts.keys(), ...deletes]) {
    checkKey(key, 'a record key', typeof key === 'string' ? [key] : undefined);
    bytes += Buffer.byteLength(key);
  }
  for (const [key, value] of upserts) {
    if (typeof value !== 'string') {
      throw refusal('INVALID_VALUE', `a value: received ${typeof value}, allowed is a string`, [key]);
    }
    const valueBytes = Buffer.byteLength(value);
    if (valueBytes > LIMITS.valueBytes) {
      throw refusal('TOO_LARGE', `a value: received ${valueBytes} bytes, allowed are ${LIMITS.valueBytes}`, [key]);
    }
    bytes += valueBytes;
  }
  if (bytes > LIMITS.batchBytes) {
    throw refusal('TOO_LARGE', `a commit: received ${bytes} bytes, allowed are ${LIMITS.batchBytes}`);
  }
  return { upserts, deletes };
}

/**
 * @param {'INVALID_KEY' | 'INVALID_VALUE' | 'TOO_LARGE'} code
 * @param {string} message
 * @param {readonly string[]} [records]
 */
function refusal(code, message, records) {
  return new AccountKeeperError(code, message, { records });
}
