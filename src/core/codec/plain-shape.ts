/** Whether it is an array of this or another realm, and of no subclass. */
export function isPlainArray(value: object): value is readonly unknown[] {
  if (!Array.isArray(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  // Array.prototype is an array itself, in every realm; the prototype of a subclass is an ordinary object.
  return prototype === Array.prototype || Array.isArray(prototype);
}

/** Whether it is an object without a class, of this or another realm. */
export function isPlainObject(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === Object.prototype || prototype === null) return true;
  return (
    typeof prototype === 'object' &&
    Object.getPrototypeOf(prototype) === null &&
    Object.hasOwn(prototype, 'isPrototypeOf') &&
    !Array.isArray(value)
  );
}

/** What no codec takes of an object, and at which key. */
export interface Oddity {
  readonly key: string | number | undefined;
  readonly oddity: string;
}

/** Calls `visit` for each element. Returns what is odd about the array, or `undefined`. */
export function visitElements(
  array: readonly unknown[],
  visit: (index: number, element: unknown) => void,
): Oddity | undefined {
  for (let index = 0; index < array.length; index += 1) {
    const descriptor = Object.getOwnPropertyDescriptor(array, index);
    if (descriptor === undefined) return { key: index, oddity: 'a hole in an array' };
    if (!('value' in descriptor)) return { key: index, oddity: 'an accessor property' };
    visit(index, descriptor.value);
  }
  if (Reflect.ownKeys(array).length === array.length + 1) return undefined;
  return { key: undefined, oddity: 'an array with properties of its own' };
}

/** Calls `visit` for each property. Returns what is odd about the object, or `undefined`. */
export function visitProperties(object: object, visit: (key: string, value: unknown) => void): Oddity | undefined {
  for (const key of Reflect.ownKeys(object)) {
    if (typeof key === 'symbol') return { key: undefined, oddity: 'an object with a symbol as key' };
    const descriptor = Object.getOwnPropertyDescriptor(object, key);
    if (descriptor === undefined || !('value' in descriptor)) return { key, oddity: 'an accessor property' };
    if (descriptor.enumerable !== true) return { key, oddity: 'a property that is not enumerable' };
    visit(key, descriptor.value);
  }
  return undefined;
}

/** Names a value that a codec does not take, without what it holds. */
export function describeOddValue(value: unknown): string {
  switch (typeof value) {
    case 'number':
      return String(value);
    case 'undefined':
      return 'undefined';
    case 'object': {
      const tag = Object.prototype.toString.call(value).slice(8, -1);
      return tag === 'Object' ? 'an instance of a class' : `an instance of ${tag}`;
    }
    default:
      return `a ${typeof value}`;
  }
}
