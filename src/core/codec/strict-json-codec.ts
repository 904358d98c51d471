import { codecOf } from './codec-of.js';
import { describeOddValue } from './plain-shape.js';
import type { Codec } from './record-codec.js';
import { isSurelyJson } from './surely-json.js';
import { ValueCheck } from './value-check.js';

/**
 * JSON without its silent losses: what would come back as something else is refused with its path. `undefined` as the
 * value of a property is left out, and −0 becomes 0.
 */
export const jsonCodec: Codec = codecOf('json', encode, JSON.parse);

function encode(value: unknown): string {
  if (!isSurelyJson(value)) new JsonCheck().check(value);
  return JSON.stringify(value);
}

/** Throws at the first value that JSON cannot hold. */
class JsonCheck extends ValueCheck {
  /** The objects around the present one: meeting one of them again is a cycle, meeting any other twice is fine. */
  readonly #ancestors: object[] = [];

  constructor() {
    super('null, booleans, strings, finite numbers, and plain objects and arrays of these');
  }

  override check(value: unknown): void {
    switch (typeof value) {
      case 'string':
      case 'boolean':
        return;
      case 'number':
        if (Number.isFinite(value)) return;
        break;
      case 'object':
        if (value !== null) this.checkObject(value);
        return;
      default:
    }
    throw this.refuse(describeOddValue(value));
  }

  protected override checkObject(object: object): void {
    if (this.#ancestors.includes(object)) throw this.refuse('an object that holds itself');
    this.#ancestors.push(object);
    super.checkObject(object);
    this.#ancestors.pop();
  }

  protected override checkProperty(key: string, value: unknown): void {
    if (value !== undefined) this.checkAt(key, value);
  }
}
