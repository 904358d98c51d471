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
