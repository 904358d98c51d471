import { MAX_NESTING } from './value-check.js';

const { getOwnPropertyDescriptor, getOwnPropertyNames, getOwnPropertySymbols, getPrototypeOf } = Object;
/** Faster than a descriptor for the elements of an array, and slower for the properties of an object. */
const lookupGetter: (this: object, key: PropertyKey) => unknown = Reflect.get(Object.prototype, '__lookupGetter__');

/**
 * Whether the value is for sure one that JSON holds as it is: strings, booleans, finite numbers, `null`, and ordinary
 * objects and arrays of these, whose properties are enumerable and no accessors. Takes about half the time of
 * `JSON.stringify`; of many small arrays, a third more than that takes. A `false` says nothing.
 */
export function isSurelyJson(value: unknown, depth: number = 0): boolean {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return true;
    case 'number':
      return Number.isFinite(value);
    case 'object':
      if (value === null) return true;
      // As deep as that, it may hold itself.
      if (depth >= MAX_NESTING) return false;
      return Array.isArray(value) ? areElements(value, depth + 1) : areProperties(value, depth + 1);
    default:
      return false;
  }
}

function areProperties(object: object, depth: number): boolean {
  if (getPrototypeOf(object) !== Object.prototype || getOwnPropertySymbols(object).length > 0) return false;
  for (const name of getOwnPropertyNames(object)) {
    const descriptor = getOwnPropertyDescriptor(object, name);
    if (descriptor?.enumerable !== true) return false;
    const value: unknown = descriptor.value;
    // Nothing is there of an accessor; JSON leaves a property out that is there and undefined.
    if (value === undefined ? !('value' in descriptor) : !isSurelyJson(value, depth)) return false;
  }
  return true;
}

function areElements(array: readonly unknown[], depth: number): boolean {
  if (getPrototypeOf(array) !== Array.prototype) return false;
  for (let index = 0; index < array.length; index += 1) {
    // An accessor without a getter is read as undefined, and so is a hole, which the count of the keys shows as well.
    if (lookupGetter.call(array, index) !== undefined || !isSurelyJson(array[index], depth)) return false;
  }
  // The length is a property, too.
  return Reflect.ownKeys(array).length === array.length + 1;
}
