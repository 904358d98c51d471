import { types } from 'node:util';
import { describeOddValue } from './plain-shape.js';
import { ValueCheck } from './value-check.js';

/** Walks a value, and throws at the first one that the rich codec does not take. */
export class RichCheck extends ValueCheck {
  readonly #seen: Set<object> = new Set();

  constructor() {
    super('primitives other than symbols, Date, Map, Set, and plain objects and arrays');
  }

  override check(value: unknown): void {
    if (typeof value === 'function' || typeof value === 'symbol') throw this.refuse(describeOddValue(value));
    if (typeof value !== 'object' || value === null || this.#seen.has(value)) return;
    this.#seen.add(value);
    this.checkObject(value);
  }

  protected override visit(object: object): void {
    const isMap = types.isMap(object);
    const isSet = types.isSet(object);
    if (!isMap && !isSet && !types.isDate(object)) super.visit(object);
    else this.#checkBuiltIn(object);
    if (isMap) this.#checkMap(object);
    if (isSet) this.#checkSet(object);
  }

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
