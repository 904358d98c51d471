import { AccountKeeperError } from '../errors.js';
import { describeOddValue, isPlainArray, isPlainObject } from './plain-shape.js';

/** How deep objects may be nested in each other. Far above what anybody needs, far below what the stack can take. */
export const MAX_NESTING = 1_000;

/** A property key or an array index, or a step that is written as it is, such as `.get("key")`. */
export type PathStep = string | number | { readonly verbatim: string };

const IDENTIFIER = /^[A-Za-z_$][\w$]*$/;

/** Walks a value, and throws `ENCODE` with the path of the first one that a codec does not take. */
export abstract class ValueCheck {
  readonly #expected: string;
  readonly #path: PathStep[] = [];
  #depth = 0;

  /** @param expected what the codec takes. */
  constructor(expected: string) {
    this.#expected = expected;
  }

  abstract check(value: unknown): void;

  /** Checks what an object holds, one level deeper. */
  protected checkObject(object: object): void {
    if (this.#depth >= MAX_NESTING) throw this.refuse(`nested deeper than ${MAX_NESTING} levels`);
    this.#depth += 1;
    this.visit(object);
    this.#depth -= 1;
  }

  protected visit(object: object): void {
    if (isPlainArray(object)) this.#checkElements(object);
    else if (isPlainObject(object)) this.#checkProperties(object);
    else throw this.refuse(describeOddValue(object));
  }

  protected checkProperty(key: string, value: unknown): void {
    this.checkAt(key, value);
  }

  protected checkAt(step: PathStep, value: unknown): void {
    this.#path.push(step);
    this.check(value);
    this.#path.pop();
  }

  /** @param steps from where the check is. */
  protected refuse(received: string, ...steps: readonly PathStep[]): AccountKeeperError {
    const path = formatPath([...this.#path, ...steps]);
    return new AccountKeeperError('ENCODE', `${path}: expected ${this.#expected}, received ${received}`);
  }

  #checkElements(array: readonly unknown[]): void {
    for (let index = 0; index < array.length; index += 1) {
      const descriptor = Object.getOwnPropertyDescriptor(array, index);
      if (descriptor === undefined) throw this.refuse('a hole in an array', index);
      if (!('value' in descriptor)) throw this.refuse('an accessor property', index);
      this.checkAt(index, descriptor.value);
    }
    if (Reflect.ownKeys(array).length !== array.length + 1) throw this.refuse('an array with properties of its own');
  }

  #checkProperties(object: object): void {
    for (const key of Reflect.ownKeys(object)) {
      if (typeof key === 'symbol') throw this.refuse('an object with a symbol as key');
      const descriptor = Object.getOwnPropertyDescriptor(object, key);
      if (descriptor === undefined || !('value' in descriptor)) throw this.refuse('an accessor property', key);
      if (descriptor.enumerable !== true) throw this.refuse('a property that is not enumerable', key);
      this.checkProperty(key, descriptor.value);
    }
  }
}

/** Such as `$.trailing.stops[3]["stop price"]`. */
export function formatPath(steps: readonly PathStep[]): string {
  let path = '$';
  for (const step of steps) {
    if (typeof step === 'object') path += step.verbatim;
    else path += typeof step === 'string' && IDENTIFIER.test(step) ? `.${step}` : `[${JSON.stringify(step)}]`;
  }
  return path;
}
