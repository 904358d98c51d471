import { AccountKeeperError } from '../errors.js';
import { describeReceived } from '../option-checks.js';

/** An error that says what was received for a field, and what is allowed. */
export function invalidValue(field: string, received: unknown, allowed: string): AccountKeeperError {
  return new AccountKeeperError(
    'INVALID_VALUE',
    `${field}: received ${describeReceived(received)}, allowed is ${allowed}`,
  );
}

/** @throws `INVALID_KEY` */
export function requireName(field: string, value: unknown): void {
  if (typeof value === 'string' && value !== '') return;
  const message = `${field}: received ${describeReceived(value)}, allowed is a string that is not empty`;
  throw new AccountKeeperError('INVALID_KEY', message);
}

/** @throws `INVALID_VALUE` */
export function requireFinite(field: string, value: unknown): void {
  if (!Number.isFinite(value)) throw invalidValue(field, value, 'a finite number');
}

/** @throws `INVALID_VALUE` */
export function requireFiniteIfGiven(field: string, value: unknown): void {
  if (value !== undefined) requireFinite(field, value);
}

/** @throws `INVALID_VALUE` */
export function requireString(field: string, value: unknown): void {
  if (typeof value !== 'string') throw invalidValue(field, value, 'a string');
}

/** @throws `INVALID_VALUE` when the value is no key of `allowed`. */
export function requireKeyOf(field: string, value: unknown, allowed: object): void {
  if (typeof value === 'string' && Object.hasOwn(allowed, value)) return;
  throw invalidValue(field, value, `one of ${Object.keys(allowed).join(', ')}`);
}

/** @throws `INVALID_VALUE` when the value is `null`, an array or no object. */
export function requireObject(field: string, value: unknown): void {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw invalidValue(field, value, 'an object');
}

/** @throws `INVALID_VALUE` */
export function requireArray(field: string, value: unknown): void {
  if (!Array.isArray(value)) throw invalidValue(field, value, 'an array');
}

/** @throws `INVALID_VALUE` */
export function requireFunction(field: string, value: unknown): void {
  if (typeof value !== 'function') throw invalidValue(field, value, 'a function');
}

/**
 * For what a callback returned that has to be synchronous. A rejection of the promise would go unheard, and is: the
 * error thrown here tells what went wrong.
 *
 * @throws `INVALID_VALUE` when the value is a promise.
 */
export function refusePromise(field: string, value: unknown): void {
  if (typeof value !== 'object' || value === null || !('then' in value) || typeof value.then !== 'function') return;
  Promise.resolve(value).catch(() => undefined);
  throw new AccountKeeperError('INVALID_VALUE', `${field}: returned a promise, allowed is a synchronous function`);
}
