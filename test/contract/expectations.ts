import assert from 'node:assert/strict';
import { inspect, isDeepStrictEqual } from 'node:util';
import {
  type AccountKeeperError,
  ERROR_CODES,
  type ErrorCode,
  type ErrorOutcome,
  isAccountKeeperError,
} from '../../src/core/errors.js';
import type { AccountHead, StoredAccount } from '../../src/core/persistence-driver.js';

/** A value as it stands in the message of a failure: short. */
export function show(value: unknown): string {
  if (isAccountKeeperError(value)) return `${value.code}, outcome ${value.outcome} (${value.message})`;
  if (value instanceof Error) return `${value.name} (${value.message})`;
  return inspect(value, { depth: 4, maxStringLength: 120, maxArrayLength: 10, breakLength: Number.POSITIVE_INFINITY });
}

/** Fails with what was expected and what was seen. */
export function expectEqual(what: string, seen: unknown, expected: unknown): void {
  if (!isDeepStrictEqual(seen, expected)) assert.fail(`${what}: expected ${show(expected)}, saw ${show(seen)}`);
}

/** Fails unless the condition holds. `expected` says what it is, and `seen` what there was instead. */
export function expectThat(what: string, holds: boolean, expected: string, seen?: unknown): asserts holds {
  if (!holds) assert.fail(`${what}: expected ${expected}${seen === undefined ? '' : `, saw ${show(seen)}`}`);
}

/** Fails where nothing may get to. */
export function expectNever(what: string, expected: string): never {
  assert.fail(`${what}: expected ${expected}`);
}

/** The value, which must be there. */
export function present<T>(what: string, value: T | undefined): T {
  if (value === undefined) assert.fail(`${what}: expected a value, saw undefined`);
  return value;
}

/** The five fields of a head, whatever object carries them. */
export function fieldsOf(head: AccountHead | undefined): AccountHead | undefined {
  if (head === undefined) return undefined;
  const { revision, writerId, writeId, meta, dropped } = head;
  return { revision, writerId, writeId, meta, dropped };
}

/** Compares two heads. */
export function expectHead(what: string, seen: AccountHead | undefined, expected: AccountHead | undefined): void {
  expectEqual(what, fieldsOf(seen), fieldsOf(expected));
}

/** Compares the records of an account; corrupt ones are none of them. */
export function expectRecords(
  what: string,
  stored: StoredAccount | undefined,
  expected: ReadonlyMap<string, string>,
): void {
  const { records, corrupt } = present(`${what}, load`, stored);
  expectEqual(`${what}, corrupt records`, [...corrupt.keys()], []);
  for (const [key, value] of expected) {
    const seen = records.get(key);
    if (seen !== value) assert.fail(`${what}, record ${show(key)}: expected ${show(value)}, saw ${show(seen)}`);
  }
  const unexpected = [...records.keys()].filter((key) => !expected.has(key));
  expectEqual(`${what}, records that should not be there`, unexpected, []);
}

/** Compares head and records of two loads of one account. */
export function expectSameAccount(
  what: string,
  seen: StoredAccount | undefined,
  expected: StoredAccount | undefined,
): void {
  expectHead(`${what}, head`, seen?.head, expected?.head);
  if (expected !== undefined) expectRecords(what, seen, expected.records);
}

/** The error of a promise that has to reject, with one of the codes where some are given. Its structure is checked. */
export async function expectRejection(
  what: string,
  promise: Promise<unknown>,
  codes: readonly ErrorCode[] = ERROR_CODES,
  outcomes: readonly ErrorOutcome[] = ['not-applied', 'unknown'],
): Promise<AccountKeeperError> {
  const settled = await promise.then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  );
  const wanted = codes === ERROR_CODES ? 'a rejection' : `a rejection with ${codes.join(' or ')}`;
  if (!('error' in settled)) assert.fail(`${what}: expected ${wanted}, saw it resolve with ${show(settled.value)}`);
  return expectError(what, settled.error, codes, outcomes);
}

/** Checks the structure of something that was thrown. */
export function expectError(
  what: string,
  thrown: unknown,
  codes: readonly ErrorCode[] = ERROR_CODES,
  outcomes: readonly ErrorOutcome[] = ['not-applied', 'unknown'],
): AccountKeeperError {
  expectThat(`${what}, error`, isAccountKeeperError(thrown), 'an AccountKeeperError', thrown);
  const { code, outcome, retryable } = thrown;
  if (!codes.includes(code)) {
    assert.fail(`${what}, error code: expected ${codes.join(' or ')}, saw ${show(code)} (${thrown.message})`);
  }
  if (!outcomes.includes(outcome)) {
    assert.fail(`${what}, error outcome: expected ${outcomes.join(' or ')}, saw ${show(outcome)} (${thrown.message})`);
  }
  expectEqual(`${what}, type of the error's retryable`, typeof retryable, 'boolean');
  return thrown;
}

/** Fulfilled or rejected, as a value. */
export async function settle<T>(promise: Promise<T>): Promise<PromiseSettledResult<T>> {
  const [result] = await Promise.allSettled([promise]);
  return result;
}

/** All ids that a listing yields, in its order. */
export async function listed(accounts: AsyncIterable<string>): Promise<string[]> {
  const ids: string[] = [];
  for await (const id of accounts) ids.push(id);
  return ids;
}

/** Compares what was listed with the ids that had to be, in any order and each once. */
export function expectIds(what: string, seen: readonly string[], expected: readonly string[]): void {
  const wanted = new Set(expected);
  const twice = seen.filter((id, index) => seen.indexOf(id) !== index);
  expectEqual(`${what}, listed twice`, twice, []);
  expectEqual(
    `${what}, listed and should not be`,
    seen.filter((id) => !wanted.has(id)),
    [],
  );
  const found = new Set(seen);
  expectEqual(
    `${what}, missing`,
    expected.filter((id) => !found.has(id)),
    [],
  );
}

/** Whether the error, or one of its causes, carries the text in its message or in a property. */
export function mentions(error: unknown, text: string): boolean {
  let current = error;
  for (let depth = 0; depth < 10 && typeof current === 'object' && current !== null; depth += 1) {
    const fields = Object.getOwnPropertyNames(current).map((name) => Reflect.get(current as object, name) as unknown);
    const texts = fields.flatMap((field) => (Array.isArray(field) ? field : [field]));
    if (texts.some((each) => typeof each === 'string' && each.includes(text))) return true;
    current = (current as { cause?: unknown }).cause;
  }
  return false;
}

/** Lets everything else that is due run first, timers included: a loop over a driver in memory would starve them. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
