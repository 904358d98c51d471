import { types } from 'node:util';
import { AccountKeeperError } from '../../errors.js';
import { describeReceived } from '../../shared/option-checks.js';

// Each check throws `INVALID_VALUE`; `requireName` throws `INVALID_KEY`.

/** An error that says what was expected of a field, and what was received. */
export function invalidValue(field: string, received: unknown, expected: string): AccountKeeperError {
  return new AccountKeeperError(
    'INVALID_VALUE',
    `${field}: expected ${expected}, received ${describeReceived(received)}`,
  );
}

export function requireName(field: string, value: unknown): void {
  if (typeof value === 'string' && value !== '') return;
  const message = `${field}: expected a string that is not empty, received ${describeReceived(value)}`;
  throw new AccountKeeperError('INVALID_KEY', message);
}

export function requireFinite(field: string, value: unknown): void {
  if (!Number.isFinite(value)) throw invalidValue(field, value, 'a finite number');
}

export function requireFiniteIfGiven(field: string, value: unknown): void {
  if (value !== undefined) requireFinite(field, value);
}

export function requireString(field: string, value: unknown): void {
  if (typeof value !== 'string') throw invalidValue(field, value, 'a string');
}

/** @throws `INVALID_VALUE` when the value is no key of `allowed`. */
export function requireKeyOf(field: string, value: unknown, allowed: object): void {
  if (typeof value === 'string' && Object.hasOwn(allowed, value)) return;
  throw invalidValue(field, value, `one of ${Object.keys(allowed).join(', ')}`);
}

/** @throws `INVALID_VALUE` when the value is `null`, an array or no object. */
export function requireObject(field: string, value: unknown): asserts value is object {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw invalidValue(field, value, 'an object');
}

export function requireArray(field: string, value: unknown): void {
  if (!Array.isArray(value)) throw invalidValue(field, value, 'an array');
}

/**
 * A function that runs through at once. One that is known to be none is not called: what an async function does after
 * its first `await` cannot be taken back.
 *
 * @throws `INVALID_VALUE`
 */
export function requireSynchronous(field: string, value: unknown): void {
  if (typeof value !== 'function' || types.isAsyncFunction(value) || types.isGeneratorFunction(value)) {
    throw invalidValue(field, value, 'a function that is neither async nor a generator');
  }
}

/**
 * For what a callback returned that has to be synchronous. A rejection of the promise would go unheard, and is: the
 * error thrown here says what went wrong.
 *
 * @throws `INVALID_VALUE` when the value is a promise, or fails when it is asked.
 */
export function refusePromise(field: string, value: unknown): void {
  try {
    if (typeof value !== 'object' || value === null || !('then' in value) || typeof value.then !== 'function') return;
    Promise.resolve(value).catch(() => undefined);
  } catch {
    // It is no plain result either.
  }
  const message = `${field}: expected a synchronous function, received one that returned a promise, whose work goes on by itself`;
  throw new AccountKeeperError('INVALID_VALUE', message);
}

/**
 * A copy without the fields that are `null` or `undefined`: neither is known. It is made field by field: V8 gives each
 * object that `{ ...value }` makes and `Object.freeze` freezes a hidden class of its own, which makes every later read of
 * thousands of them slow.
 */
export function withoutNulls<Type extends object>(value: { readonly [Key in keyof Type]: Type[Key] | null }): Type {
  const copy = {} as Type;
  for (const name of Object.keys(value) as (keyof Type)[]) {
    const each = value[name];
    // Assigning `__proto__` would set the prototype.
    if (each != null && name !== '__proto__') copy[name] = each;
  }
  return copy;
}

/** Whether an update lacks any of the named fields that are held. */
export function lacksAny<Type>(update: Type, names: readonly (keyof Type)[], held: Type): boolean {
  for (const name of names) if (update[name] === undefined && held[name] !== undefined) return true;
  return false;
}

/** Takes over from what is held the named fields that an update lacks. */
export function fillIn<Type>(update: Type, names: readonly (keyof Type)[], held: Readonly<Type>): void {
  for (const name of names) {
    if (update[name] === undefined && held[name] !== undefined) update[name] = held[name];
  }
}

/** A copy without the fields whose number is none: no codec has to take NaN for a number that is not known. */
export function withoutUnknown(value: object): object {
  return Object.fromEntries(
    Object.entries(value).filter(([, each]) => typeof each !== 'number' || Number.isFinite(each)),
  );
}

/** Whether all properties are equal; one that is `undefined` counts as absent. */
export function isSameRecord(left: object, right: object): boolean {
  const names = Object.keys({ ...left, ...right });
  return names.every((name) => Object.is(Reflect.get(left, name), Reflect.get(right, name)));
}
