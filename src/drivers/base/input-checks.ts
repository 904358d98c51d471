import { isMap, isSet } from 'node:util/types';
import { AccountKeeperError, type ErrorCode } from '../../core/errors.js';
import type {
  CommitBatch,
  CommitOptions,
  DriverLimits,
  ForgetOptions,
  LoadOptions,
  OperationOptions,
} from '../../core/persistence-driver.js';
import { sizeOf } from '../../core/shared/batch-size.js';
import { describeReceived, requireDuration } from '../../core/shared/option-checks.js';
import { Slice, type Steps } from '../../core/shared/slices.js';
import type { HeadChange } from './conditional-commit.js';
import { encodeDocument, encodeEnvelope } from './envelope.js';
import { escapeKey } from './key-escape.js';

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
  if (signal !== undefined && !isAbortSignal(signal)) throw wrong('CONFIG', 'signal', signal, 'an AbortSignal');
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
  return rolledBackTo === undefined ? undefined : checkHeadName('rolledBackTo', rolledBackTo);
}

/** @throws `CONFIG` */
export function checkForget(options: ForgetOptions): ForgetOptions['expected'] {
  requireObject('options', options);
  return checkHeadName('expected', options.expected);
}

/** Names of writers and commits are stored in the head, not in keys. */
const IDENTITY_BYTES = 1024;

/** @throws `INVALID_KEY` when the account id is no string, empty or too long */
export function checkAccountId(accountId: string, limits: DriverLimits): void {
  if (typeof accountId !== 'string' || accountId === '') {
    throw wrong('INVALID_KEY', 'account id', accountId, 'a non-empty string');
  }
  checkText('INVALID_KEY', 'the account id', accountId, limits.keyBytes);
}

/**
 * Checks and encodes the input of `commit` or `drop`. The caller's maps can change after the first step.
 *
 * @throws `INVALID_KEY`, `INVALID_VALUE`, `TOO_LARGE` with the record keys at fault, `CONFIG`
 */
export function* checkChange(
  batch: CommitBatch,
  options: CommitOptions,
  limits: DriverLimits,
  fate: 'written' | 'dropped',
): Steps<HeadChange> {
  requireObject('options', options);
  const { expected, meta = '', revisionFloor = 0 } = options;
  if (!('expected' in options) || expected === null) {
    const received = 'expected' in options ? null : 'no such property';
    throw wrong('CONFIG', 'expected', received, 'a head, or undefined for none');
  }
  const checkedHead = expected === undefined ? undefined : checkHeadName('expected', expected);
  checkRevision('revisionFloor', revisionFloor);
  if (typeof meta !== 'string') throw wrong('INVALID_VALUE', 'meta', meta, 'a string');
  checkText('TOO_LARGE', 'meta', meta, limits.valueBytes);
  const writerId = checkWriteIdentity('writerId', options.writerId);
  const writeId = checkWriteIdentity('writeId', options.writeId);
  checkShape(batch, limits);
  const { upserts, deletes } = yield* encodeBatch(batch, limits, meta);
  const dropped = fate === 'dropped';
  return { expected: checkedHead, writerId, writeId, meta, revisionFloor, dropped, upserts, deletes };
}

function checkShape(batch: CommitBatch, limits: DriverLimits): void {
  requireObject('batch', batch);
  const { upserts, deletes, documents } = batch;
  if (!isMap(upserts)) throw wrong('INVALID_VALUE', 'batch.upserts', upserts, 'a Map');
  if (!isSet(deletes)) throw wrong('INVALID_VALUE', 'batch.deletes', deletes, 'a Set');
  if (documents !== undefined && !isSet(documents)) {
    throw wrong('INVALID_VALUE', 'batch.documents', documents, 'a Set');
  }
  const records = upserts.size + deletes.size;
  if (records > limits.batchRecords) {
    const message = `the batch: expected up to ${limits.batchRecords} records, received ${records}`;
    throw new AccountKeeperError('TOO_LARGE', message);
  }
}

function* encodeBatch(
  batch: CommitBatch,
  limits: DriverLimits,
  meta: string,
): Steps<Pick<HeadChange, 'upserts' | 'deletes'>> {
  const upserts = new Map<string, string>();
  const deletes: string[] = [];
  const slice = new Slice();
  // A bound for the bytes of the meta and all keys and values.
  let atMost = mostBytes(meta);
  // The caller's, until the first turn is over.
  let given = batch;
  let entries = given.upserts.entries();
  for (let next = entries.next(); next.done !== true; next = entries.next()) {
    const [key, value] = next.value;
    checkRecordKey(key, limits);
    if (given.deletes.has(key)) {
      const message = `record ${JSON.stringify(key)}: expected in upserts or in deletes, received in both`;
      throw new AccountKeeperError('INVALID_KEY', message, { records: [key] });
    }
    if (typeof value !== 'string') throw wrong('INVALID_VALUE', `record ${shown(key)}`, value, 'a string', [key]);
    const atMostOfRecord = mostBytes(key) + mostBytes(value);
    if (atMostOfRecord > Math.min(limits.valueBytes, limits.batchBytes)) checkRecordBytes(key, value, limits);
    atMost += atMostOfRecord;
    upserts.set(escapeKey(key), given.documents?.has(key) === true ? encodeDocument(value) : encodeEnvelope(value));
    if (!slice.isOver(value.length)) continue;
    if (given === batch) {
      given = copyOf(batch);
      entries = behind(given.upserts, upserts.size);
    }
    yield;
  }
  if (given === batch && batch.deletes.size > 0) given = copyOf(batch);
  for (const key of given.deletes) {
    checkRecordKey(key, limits);
    atMost += mostBytes(key);
    deletes.push(escapeKey(key));
    if (slice.isOver(key.length)) yield;
  }
  // No record is at fault by itself, so none is named: half of the batch may fit.
  if (atMost > limits.batchBytes) {
    const bytes = Buffer.byteLength(meta) + sizeOf(given).bytes;
    checkBytes('TOO_LARGE', 'the batch', bytes, limits.batchBytes);
  }
  return { upserts, deletes };
}

function copyOf({ upserts, deletes, documents }: CommitBatch): CommitBatch {
  return { upserts: new Map(upserts), deletes: new Set(deletes), documents: new Set(documents) };
}

/** The entries behind the first ones. */
function behind<Key, Value>(map: ReadonlyMap<Key, Value>, first: number): MapIterator<[Key, Value]> {
  const entries = map.entries();
  for (let count = 0; count < first; count += 1) entries.next();
  return entries;
}

/** No character takes more. To count exactly takes longer, and is needed near a limit only. */
function mostBytes(text: string): number {
  return 3 * text.length;
}

function checkRecordBytes(key: string, value: string, limits: DriverLimits): void {
  const valueBytes = checkBytes('TOO_LARGE', 'record', Buffer.byteLength(value), limits.valueBytes, key);
  checkBytes('TOO_LARGE', 'record', Buffer.byteLength(key) + valueBytes, limits.batchBytes, key);
}

function checkRecordKey(key: string, limits: DriverLimits): void {
  if (typeof key !== 'string' || key === '') {
    throw wrong('INVALID_KEY', 'record key', key, 'a non-empty string', typeof key === 'string' ? [key] : undefined);
  }
  checkText('INVALID_KEY', 'record key', key, limits.keyBytes, key);
}

function checkHeadName(name: string, head: NonNullable<HeadChange['expected']>): NonNullable<HeadChange['expected']> {
  requireObject(name, head);
  const { revision, writeId } = head;
  checkRevision(`${name}.revision`, revision);
  if (typeof writeId !== 'string') throw wrong('CONFIG', `${name}.writeId`, writeId, 'a string');
  return { revision, writeId };
}

/** The next revision has to be a safe integer, too. */
function checkRevision(name: string, revision: number): void {
  if (Number.isSafeInteger(revision) && revision >= 0 && revision < Number.MAX_SAFE_INTEGER) return;
  throw wrong('CONFIG', name, revision, `an integer from 0 to ${Number.MAX_SAFE_INTEGER - 1}`);
}

function checkWriteIdentity(name: string, id: string): string {
  if (typeof id !== 'string' || id === '') throw wrong('CONFIG', name, id, 'a non-empty string');
  checkText('TOO_LARGE', name, id, IDENTITY_BYTES);
  return id;
}

/** Counts the bytes of a text only where there could be more than the limit. */
function checkText(code: ErrorCode, what: string, text: string, limit: number, key?: string): void {
  if (mostBytes(text) > limit) checkBytes(code, what, Buffer.byteLength(text), limit, key);
}

/** The bytes, if they are no more than the limit; what has them is named by the record's key, if there is one. */
function checkBytes(code: ErrorCode, what: string, bytes: number, limit: number, key?: string): number {
  if (bytes <= limit) return bytes;
  const name = key === undefined ? what : `${what} ${shown(key)}`;
  const records = key === undefined ? undefined : [key];
  throw new AccountKeeperError(code, `${name}: expected up to ${limit} bytes, received ${bytes}`, { records });
}

function requireObject(name: string, value: unknown): void {
  if (typeof value !== 'object' || value === null) throw wrong('CONFIG', name, value, 'an object');
}

function isAbortSignal(value: object): boolean {
  return typeof value === 'object' && 'aborted' in value && 'addEventListener' in value;
}

function wrong(
  code: ErrorCode,
  name: string,
  received: unknown,
  allowed: string,
  records?: readonly string[],
): AccountKeeperError {
  const message = `${name}: expected ${allowed}, received ${describeReceived(received)}`;
  return new AccountKeeperError(code, message, { records });
}

/** An account id or a record key, as it may stand in a message. */
export function shown(key: string): string {
  return key.length <= 64 ? JSON.stringify(key) : `of ${key.length} characters`;
}
