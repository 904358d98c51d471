import type { Codec } from './codec.js';
import { decodeWith, encodeError, encodeWith } from './encode-error.js';
import { MAX_NESTING } from './nesting-limit.js';
import { describeOddValue, isPlainArray, isPlainObject, visitElements, visitProperties } from './plain-shape.js';
import type { PathStep } from './value-path.js';

const EXPECTED = 'null, booleans, strings, finite numbers, and plain objects and arrays of these';

/**
 * JSON without its silent losses: what would come back as something else is refused with its path. `undefined` as the
 * value of a property is left out, and −0 becomes 0.
 */
export const jsonCodec: Codec = Object.freeze({
  name: 'json',
  encode: (value: unknown): string =>
    encodeWith(() => {
      new JsonCheck().check(value);
      return JSON.stringify(value);
    }),
  decode: (text: string): unknown => decodeWith('json', () => JSON.parse(text)),
});

/** Walks a value, and throws at the first one that JSON cannot hold. */
class JsonCheck {
  readonly #path: PathStep[] = [];
  /** The objects around the present one: meeting one of them again is a cycle, meeting any other twice is fine. */
  readonly #ancestors: object[] = [];

  check(value: unknown): void {
    switch (typeof value) {
      case 'string':
      case 'boolean':
        return;
      case 'number':
        if (Number.isFinite(value)) return;
        break;
      case 'object':
        if (value !== null) this.#checkObject(value);
        return;
      default:
    }
    throw this.#refuse(describeOddValue(value));
  }

  #checkObject(object: object): void {
    if (this.#ancestors.length >= MAX_NESTING) throw this.#refuse(`nested deeper than ${MAX_NESTING} levels`);
    if (this.#ancestors.includes(object)) throw this.#refuse('an object that holds itself');
    this.#ancestors.push(object);
    const odd = this.#visit(object);
    if (odd !== undefined) {
      if (odd.key !== undefined) this.#path.push(odd.key);
      throw this.#refuse(odd.oddity);
    }
    this.#ancestors.pop();
  }

  #visit(object: object): ReturnType<typeof visitElements> {
    if (isPlainArray(object)) return visitElements(object, this.#checkElement);
    if (isPlainObject(object)) return visitProperties(object, this.#checkProperty);
    throw this.#refuse(describeOddValue(object));
  }

  readonly #checkElement = (index: number, element: unknown): void => {
    this.#path.push(index);
    this.check(element);
    this.#path.pop();
  };

  readonly #checkProperty = (key: string, value: unknown): void => {
    if (value === undefined) return;
    this.#path.push(key);
    this.check(value);
    this.#path.pop();
  };

  #refuse(received: string): Error {
    return encodeError(this.#path, received, EXPECTED);
  }
}
