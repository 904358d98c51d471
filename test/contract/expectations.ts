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

const SHOWN_LENGTH = 120;

/** A value as it stands in the message of a failure: short, and escaped, so that equal texts are equal values. */
export function show(value: unknown): string {
  if (isAccountKeeperError(value)) return `${value.code}, outcome ${value.outcome} (${escaped(value.message)})`;
  if (value instanceof Error) return `${value.name} (${escaped(value.message)})`;
  const breakLength = Number.POSITIVE_INFINITY;
  return escaped(inspect(value, { depth: 4, maxStringLength: SHOWN_LENGTH, maxArrayLength: 10, breakLength }));
}

/** Fails with the message. What was thrown, if anything was, is the cause: a report names the call that it came from. */
export function fail(message: string, thrown?: unknown): never {
  const error = new assert.AssertionError({ message });
  throw thrown instanceof Error ? Object.assign(error, { cause: thrown }) : error;
}

/** Fails with what was expected and what was seen. */
export function expectEqual(what: string, seen: unknown, expected: unknown): void {
  if (!isDeepStrictEqual(seen, expected)) fail(`${what}: ${difference(seen, expected)}`);
}

/** Fails unless the condition holds. `expected` says what it is, and `seen` what there was instead. */
export function expectThat(what: string, holds: boolean, expected: string, seen?: unknown): asserts holds {
  if (!holds) fail(`${what}: expected ${expected}${seen === undefined ? '' : `, saw ${show(seen)}`}`, seen);
}

/** Fails where nothing may get to. */
export function expectNever(what: string, expected: string, thrown?: unknown): never {
  return fail(`${what}: expected ${expected}`, thrown);
}

/** The value, which must be there. */
export function present<T>(what: string, value: T | undefined): T {
  if (value === undefined) return fail(`${what}: expected a value, saw undefined`);
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
    if (seen !== value) fail(`${what}, record ${show(key)}: ${difference(seen, value)}`);
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
  if (!('error' in settled)) return fail(`${what}: expected ${wanted}, saw it resolve with ${show(settled.value)}`);
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
    const message = `expected ${codes.join(' or ')}, saw ${show(code)} (${escaped(thrown.message)})`;
    fail(`${what}, error code: ${message}`, thrown);
  }
  if (!outcomes.includes(outcome)) {
    const message = `expected ${outcomes.join(' or ')}, saw ${show(outcome)} (${escaped(thrown.message)})`;
    fail(`${what}, error outcome: ${message}`, thrown);
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

/** Shows the expected value and the received one; of two long texts, where they begin to differ. */
function difference(seen: unknown, expected: unknown): string {
  if (typeof seen !== 'string' || typeof expected !== 'string' || show(seen) !== show(expected)) {
    return `expected ${show(expected)}, saw ${show(seen)}`;
  }
  let at = 0;
  while (seen[at] === expected[at]) at += 1;
  return `expected ${show(expected.slice(at))} from character ${at} on, saw ${show(seen.slice(at))}`;
}

/** Without a character that looks like another one, or like none. */
function escaped(text: string): string {
  return text.replace(/[^\n\x20-\x7E]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
