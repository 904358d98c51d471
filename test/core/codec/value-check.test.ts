import { describe, expect, it } from 'vitest';
import { ValueCheck } from '../../../src/core/codec/value-check.js';
import { thrownBy } from './thrown.js';

/** Takes whatever is in an object, and remembers it. */
class Probe extends ValueCheck {
  readonly visited: unknown[] = [];
  #isInside = false;

  constructor() {
    super('anything');
  }

  override check(value: unknown): void {
    if (this.#isInside) this.visited.push(value);
    this.#isInside = true;
    if (typeof value === 'object' && value !== null) this.checkObject(value);
  }
}

const visited = (object: object): unknown[] => {
  const probe = new Probe();
  probe.check(object);
  return probe.visited;
};
const refusal = (object: object): string => thrownBy(() => new Probe().check(object)).message;

describe('the elements of an array', () => {
  it('are each checked', () => {
    expect(visited(['a', 'b'])).toEqual(['a', 'b']);
    expect(visited([])).toEqual([]);
  });

  it('are refused with what is odd, and where', () => {
    const holed = ['a', 'b', 'c'];
    delete holed[1];
    expect(refusal(holed)).toBe('$[1]: expected anything, received a hole in an array');
    const accessor = Object.defineProperty(['a'], 0, { get: () => 'a' });
    expect(refusal(accessor)).toBe('$[0]: expected anything, received an accessor property');
    const extended = Object.assign(['a'], { more: 1 });
    expect(refusal(extended)).toBe('$: expected anything, received an array with properties of its own');
  });
});

describe('the properties of an object', () => {
  it('are each checked', () => {
    expect(visited({ a: 1, b: undefined })).toEqual([1, undefined]);
  });

  it('are refused with what is odd, and where', () => {
    const symbolic = { [Symbol('s')]: 1 };
    expect(refusal(symbolic)).toBe('$: expected anything, received an object with a symbol as key');
    const accessor = Object.defineProperty({}, 'a', { get: () => 1, enumerable: true });
    expect(refusal(accessor)).toBe('$.a: expected anything, received an accessor property');
    const hidden = Object.defineProperty({}, 'a', { value: 1, enumerable: false });
    expect(refusal(hidden)).toBe('$.a: expected anything, received a property that is not enumerable');
    const vanishing = new Proxy({}, { ownKeys: () => ['a'], getOwnPropertyDescriptor: () => undefined });
    expect(refusal(vanishing)).toBe('$.a: expected anything, received an accessor property');
  });
});
