import { types } from 'node:util';
import {
  describeOddValue,
  isPlainArray,
  isPlainObject,
  type Oddity,
  visitElements,
  visitProperties,
} from './plain-shape.js';
import { ValueCheck } from './value-check.js';

/** Walks a value, and throws at the first one that the rich codec does not take. */
export class RichCheck extends ValueCheck {
  readonly #seen: Set<object> = new Set();

  constructor() {
    super('primitives other than symbols, Date, Map, Set, and plain objects and arrays');
  }

  override check(value: unknown): void {
    if (typeof value === 'object' && value !== null) this.#checkObject(value);
    else if (typeof value === 'function' || typeof value === 'symbol') throw this.refuse(describeOddValue(value));
  }

  #checkObject(object: object): void {
    if (this.#seen.has(object)) return;
    this.#seen.add(object);
    this.nested(object, this.#visit);
  }

  readonly #visit = (object: object): Oddity | undefined => {
    if (isPlainArray(object)) return visitElements(object, this.checkAt);
    if (types.isDate(object) || types.isMap(object) || types.isSet(object)) {
      this.#checkBuiltIn(object);
      if (types.isMap(object)) this.#checkMap(object);
      else if (types.isSet(object)) this.#checkSet(object);
      return undefined;
    }
    if (isPlainObject(object)) return visitProperties(object, this.checkAt);
    throw this.refuse(describeOddValue(object));
  };

  #checkMap(map: ReadonlyMap<unknown, unknown>): void {
    let index = 0;
    for (const [key, value] of map) {
      const ofValue = typeof key === 'string' ? `.get(${JSON.stringify(key)})` : `.values()[${index}]`;
      this.checkAt({ verbatim: `.keys()[${index}]` }, key);
      this.checkAt({ verbatim: ofValue }, value);
      index += 1;
    }
  }

  #checkSet(set: ReadonlySet<unknown>): void {
    let index = 0;
    for (const element of set) {
      this.checkAt({ verbatim: `.values()[${index}]` }, element);
      index += 1;
    }
  }

  /** Neither of a subclass, nor with properties of its own: both would be lost. */
  #checkBuiltIn(object: object): void {
    const parent: unknown = Object.getPrototypeOf(Object.getPrototypeOf(object) ?? object);
    const ofSubclass = typeof parent !== 'object' || parent === null || Object.getPrototypeOf(parent) !== null;
    if (ofSubclass) throw this.refuse('an instance of a subclass');
    if (Object.keys(object).length > 0) throw this.refuse(`${describeOddValue(object)} with properties of its own`);
  }
}
