import { types } from 'node:util';
import { encodeError } from './encode-error.js';
import { MAX_NESTING } from './nesting-limit.js';
import { describeOddValue, isPlainArray, isPlainObject, visitElements, visitProperties } from './plain-shape.js';
import type { PathStep } from './value-path.js';

const EXPECTED = 'primitives other than symbols, Date, Map, Set, and plain objects and arrays';

/** Walks a value, and throws at the first one that the rich codec does not take. */
export class RichCheck {
  readonly #path: PathStep[] = [];
  readonly #seen: Set<object> = new Set();
  #depth = 0;

  check(value: unknown): void {
    if (typeof value === 'object' && value !== null) this.#checkObject(value);
    else if (typeof value === 'function' || typeof value === 'symbol') throw this.#refuse(describeOddValue(value));
  }

  #checkObject(object: object): void {
    if (this.#seen.has(object)) return;
    this.#seen.add(object);
    if (this.#depth >= MAX_NESTING) throw this.#refuse(`nested deeper than ${MAX_NESTING} levels`);
    this.#depth += 1;
    const odd = this.#visit(object);
    if (odd !== undefined) {
      if (odd.key !== undefined) this.#path.push(odd.key);
      throw this.#refuse(odd.oddity);
    }
    this.#depth -= 1;
  }

  #visit(object: object): ReturnType<typeof visitElements> {
    if (isPlainArray(object)) return visitElements(object, this.#checkAt);
    if (types.isDate(object)) return this.#checkBuiltIn(object);
    if (types.isMap(object)) {
      this.#checkBuiltIn(object);
      return this.#visitMap(object);
    }
    if (types.isSet(object)) {
      this.#checkBuiltIn(object);
      return this.#visitSet(object);
    }
    if (isPlainObject(object)) return visitProperties(object, this.#checkAt);
    throw this.#refuse(describeOddValue(object));
  }

  #visitMap(map: ReadonlyMap<unknown, unknown>): undefined {
    let index = 0;
    for (const [key, value] of map) {
      this.#checkAt({ verbatim: `.keys()[${index}]` }, key);
      this.#checkAt(
        { verbatim: typeof key === 'string' ? `.get(${JSON.stringify(key)})` : `.values()[${index}]` },
        value,
      );
      index += 1;
    }
  }

  #visitSet(set: ReadonlySet<unknown>): undefined {
    let index = 0;
    for (const element of set) {
      this.#checkAt({ verbatim: `.values()[${index}]` }, element);
      index += 1;
    }
  }

  /** Neither of a subclass, nor with properties of its own: both would be lost. */
  #checkBuiltIn(object: object): undefined {
    const parent: unknown = Object.getPrototypeOf(Object.getPrototypeOf(object) ?? object);
    const ofSubclass = typeof parent !== 'object' || parent === null || Object.getPrototypeOf(parent) !== null;
    if (ofSubclass) throw this.#refuse('an instance of a subclass');
    if (Object.keys(object).length > 0) throw this.#refuse(`${describeOddValue(object)} with properties of its own`);
  }

  readonly #checkAt = (step: PathStep, value: unknown): void => {
    this.#path.push(step);
    this.check(value);
    this.#path.pop();
  };

  #refuse(received: string): Error {
    return encodeError(this.#path, received, EXPECTED);
  }
}
