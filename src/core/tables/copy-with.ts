import { deepFreeze } from './deep-freeze.js';
import { isChangeableWhenFrozen } from './read-only-built-in.js';
import { invalidValue } from './value-checks.js';

/**
 * A frozen copy of a deep-frozen object, with one property replaced.
 *
 * @throws `INVALID_VALUE` for a key that is no string or number, and for an object that no copy of its properties
 * can stand for.
 */
export function copyWith<T extends object, Key extends keyof T>(
  previous: Readonly<T>,
  key: Key,
  value: T[Key],
): Readonly<T> {
  if (typeof key !== 'string' && typeof key !== 'number') throw invalidValue('key', key, 'a string');
  if (typeof value === 'object' && value !== null) deepFreeze(value);
  // Neither a spread nor a computed name calls the setter of `__proto__`.
  if (Object.getPrototypeOf(previous) === Object.prototype) return Object.freeze({ ...previous, [key]: value });
  return copyInstanceWith(previous, key, value);
}

function copyInstanceWith<T extends object>(previous: Readonly<T>, key: PropertyKey, value: unknown): Readonly<T> {
  if (isChangeableWhenFrozen(previous)) {
    throw invalidValue('metadata', previous, 'an object with properties; replace this one as a whole');
  }
  const copy: T = Object.create(Object.getPrototypeOf(previous));
  for (const [name, each] of Object.entries(previous)) define(copy, name, each);
  define(copy, key, value);
  return Object.freeze(copy);
}

function define(object: object, key: PropertyKey, value: unknown): void {
  Object.defineProperty(object, key, { value, writable: true, enumerable: true, configurable: true });
}
