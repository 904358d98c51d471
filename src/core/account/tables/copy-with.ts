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
  const prototype: unknown = Object.getPrototypeOf(previous);
  if (prototype !== Object.prototype && isChangeableWhenFrozen(previous)) {
    throw invalidValue('metadata', previous, 'an object with properties; replace this one as a whole');
  }
  // Neither a spread nor a computed name calls the setter of `__proto__`.
  const next = { ...previous, [key]: value };
  if (prototype === Object.prototype) return Object.freeze(next);
  const properties = Object.entries(next).map(([name, each]) => [name, { value: each, enumerable: true }] as const);
  return Object.freeze(Object.create(prototype as object | null, Object.fromEntries(properties)));
}
