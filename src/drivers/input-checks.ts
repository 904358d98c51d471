import { isMap, isSet } from 'node:util/types';
import { AccountKeeperError } from '../core/errors.js';
import { describeReceived, requireDuration } from '../core/option-checks.js';
import type {
  CommitBatch,
  CommitOptions,
  DriverLimits,
  LoadOptions,
  OperationOptions,
} from '../core/persistence-driver.js';
import type { HeadChange } from './conditional-commit.js';
import { escapeKey } from './key-escape.js';
import { encodeEnvelope } from './keyv-envelope.js';

const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** The options that every operation takes, checked. */
export interface CheckedOperationOptions {
  readonly timeoutMs: number;
  readonly signal: AbortSignal | undefined;
}

/** @throws `CONFIG` */
export function checkOperationOptions(options: OperationOptions, defaultTimeoutMs: number): CheckedOperationOptions {
  requireObject('options', options);
  const { timeoutMs = defaultTimeoutMs, signal } = options;
  if (signal !== undefined && !isAbortSignal(signal)) throw config('signal', signal, 'an AbortSignal');
  return {
    // More than a timer takes is as good as the longest that it takes.
    timeoutMs: requireDuration('timeoutMs', timeoutMs > LONGEST_TIMER_MS ? LONGEST_TIMER_MS : timeoutMs),
    signal,
  };
}

/** @throws `CONFIG` */
export function checkRolledBackTo(options: LoadOptions): LoadOptions['rolledBackTo'] {
  requireObject('options', options);
  const { rolledBackTo } = options;
  if (rolledBackTo === undefined) return undefined;
  requireObject('rolledBackTo', rolledBackTo);
  const { revision, writeId } = rolledBackTo;
  checkRevision('rolledBackTo.revision', revision);
  if (typeof writeId !== 'string') throw config('rolledBackTo.writeId', writeId, 'a string');
  return { revision, writeId };
}

/** Names of writers and commits are stored in the head, not in keys. */
const IDENTITY_BYTES = 1024;

/** @throws `INVALID_KEY` when the account id is no string, empty or too long */
export function checkAccountId(accountId: string, limits: DriverLimits): void {
  if (typeof accountId !== 'string' || accountId === '') {
    const received = describeReceived(accountId);
    throw new AccountKeeperError('INVALID_KEY', `account id: received ${received}, allowed is a non-empty string`);
  }
  const bytes = Buffer.byteLength(accountId);
  if (bytes > limits.keyBytes) throw tooLong('the account id', bytes, limits.keyBytes, undefined);
}

/**
 * What `commit` or `drop` was asked for, checked, encoded and copied: the caller's maps can change afterwards.
 *
 * @throws `INVALID_KEY`, `INVALID_VALUE`, `TOO_LARGE` with the record keys at fault, `CONFIG`
 */
export function checkChange(
  batch: CommitBatch,
  options: CommitOptions,
  limits: DriverLimits,
  fate: 'written' | 'dropped',
): HeadChange {
  const expected = checkExpected(options);
  const { meta = '', revisionFloor = 0 } = options;
  checkRevision('revisionFloor', revisionFloor);
  if (typeof meta !== 'string') {
    throw new AccountKeeperError('INVALID_VALUE', `meta: received ${describeReceived(meta)}, allowed is a string`);
  }
  const metaBytes = Buffer.byteLength(meta);
  if (metaBytes > limits.valueBytes) throw tooLarge('meta', metaBytes, limits.valueBytes, undefined);
  return {
    expected,
    writerId: checkWriteIdentity('writerId', options.writerId),
    writeId: checkWriteIdentity('writeId', options.writeId),
    meta,
    revisionFloor,
    dropped: fate === 'dropped',
    ...encodeBatch(batch, limits, metaBytes),
  };
}

function encodeBatch(
  batch: CommitBatch,
  limits: DriverLimits,
  metaBytes: number,
): Pick<HeadChange, 'upserts' | 'deletes'> {
  requireObject('batch', batch);
  if (!isMap(batch.upserts)) throw invalidBatch('upserts', batch.upserts, 'a Map');
  if (!isSet(batch.deletes)) throw invalidBatch('deletes', batch.deletes, 'a Set');
  const upserts = new Map<string, string>();
  const deletes: string[] = [];
  const records = batch.upserts.size + batch.deletes.size;
  if (records > limits.batchRecords) {
    const message = `the batch: received ${records} records, allowed are ${limits.batchRecords}`;
    throw new AccountKeeperError('TOO_LARGE', message);
  }
  let total = metaBytes;
  for (const [key, value] of batch.upserts) {
    const keyBytes = checkRecordKey(key, limits);
    if (batch.deletes.has(key)) {
      const message = `record ${JSON.stringify(key)}: is in both upserts and deletes, allowed is one of them`;
      throw new AccountKeeperError('INVALID_KEY', message, { records: [key] });
    }
    const valueBytes = checkValue(key, value, limits);
    if (keyBytes + valueBytes > limits.batchBytes) {
      throw tooLarge(`record ${shown(key)}`, keyBytes + valueBytes, limits.batchBytes, [key]);
    }
    total += keyBytes + valueBytes;
    upserts.set(escapeKey(key), encodeEnvelope(value));
  }
  for (const key of batch.deletes) {
    total += checkRecordKey(key, limits);
    deletes.push(escapeKey(key));
  }
  // No record is at fault by itself, so none is named: half of the batch may fit.
  if (total > limits.batchBytes) throw tooLarge('the batch', total, limits.batchBytes, undefined);
  return { upserts, deletes };
}

function checkRecordKey(key: string, limits: DriverLimits): number {
  if (typeof key !== 'string' || key === '') {
    const message = `record key: received ${describeReceived(key)}, allowed is a non-empty string`;
    throw new AccountKeeperError('INVALID_KEY', message, { records: typeof key === 'string' ? [key] : undefined });
  }
  const bytes = Buffer.byteLength(key);
  if (bytes > limits.keyBytes) throw tooLong(`record key ${shown(key)}`, bytes, limits.keyBytes, [key]);
  return bytes;
}

function checkValue(key: string, value: string, limits: DriverLimits): number {
  if (typeof value !== 'string') {
    const message = `record ${shown(key)}: received ${describeReceived(value)}, allowed is a string`;
    throw new AccountKeeperError('INVALID_VALUE', message, { records: [key] });
  }
  const bytes = Buffer.byteLength(value);
  if (bytes > limits.valueBytes) throw tooLarge(`record ${shown(key)}`, bytes, limits.valueBytes, [key]);
  return bytes;
}

function checkExpected(options: CommitOptions): HeadChange['expected'] {
  requireObject('options', options);
  const { expected } = options;
  if (!('expected' in options) || expected === null) {
    throw config('expected', 'expected' in options ? null : 'no such property', 'a head, or undefined for none');
  }
  if (expected === undefined) return undefined;
  requireObject('expected', expected);
  const { revision, writeId } = expected;
  checkRevision('expected.revision', revision);
  if (typeof writeId !== 'string') throw config('expected.writeId', writeId, 'a string');
  return { revision, writeId };
}

/** The next revision has to be a safe integer, too. */
function checkRevision(name: string, revision: number): void {
  if (Number.isSafeInteger(revision) && revision >= 0 && revision < Number.MAX_SAFE_INTEGER) return;
  throw config(name, revision, `an integer from 0 to ${Number.MAX_SAFE_INTEGER - 1}`);
}

function checkWriteIdentity(name: string, id: string): string {
  if (typeof id !== 'string' || id === '') throw config(name, id, 'a non-empty string');
  const bytes = Buffer.byteLength(id);
  if (bytes > IDENTITY_BYTES) throw tooLarge(name, bytes, IDENTITY_BYTES, undefined);
  return id;
}

function requireObject(name: string, value: unknown): void {
  if (typeof value !== 'object' || value === null) throw config(name, value, 'an object');
}

function isAbortSignal(value: object): boolean {
  return typeof value === 'object' && 'aborted' in value && 'addEventListener' in value;
}

function invalidBatch(name: string, received: unknown, allowed: string): AccountKeeperError {
  return new AccountKeeperError(
    'INVALID_VALUE',
    `batch.${name}: received ${describeReceived(received)}, allowed is ${allowed}`,
  );
}

function config(name: string, received: unknown, allowed: string): AccountKeeperError {
  return new AccountKeeperError('CONFIG', `${name}: received ${describeReceived(received)}, allowed is ${allowed}`);
}

function tooLong(
  what: string,
  bytes: number,
  limit: number,
  records: readonly string[] | undefined,
): AccountKeeperError {
  return new AccountKeeperError('INVALID_KEY', `${what}: received ${bytes} bytes, allowed are ${limit}`, { records });
}

function tooLarge(
  what: string,
  bytes: number,
  limit: number,
  records: readonly string[] | undefined,
): AccountKeeperError {
  return new AccountKeeperError('TOO_LARGE', `${what}: received ${bytes} bytes, allowed are ${limit}`, { records });
}

function shown(key: string): string {
  return key.length <= 64 ? JSON.stringify(key) : `of ${key.length} characters`;
}
