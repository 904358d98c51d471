/** Numbers, picks and texts that are the same for the same seed. */
export class Random {
  #state: number;

  constructor(seed: number, stream: string) {
    // FNV-1a over the stream's name, so that each clause has numbers of its own.
    let hash = 0x811c9dc5 ^ seed;
    for (const character of stream) hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 0x01000193);
    this.#state = hash >>> 0;
  }

  /** An integer from 0 to `below`, exclusive. */
  below(below: number): number {
    // mulberry32
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  }

  /** One of the elements. */
  pick<T>(elements: readonly [T, ...T[]]): T {
    return elements[this.below(elements.length)] ?? elements[0];
  }

  /** `minLength` to `maxLength` elements of the alphabet. */
  text(alphabet: readonly [string, ...string[]], minLength: number, maxLength: number): string {
    const length = minLength + this.below(maxLength - minLength + 1);
    let text = '';
    for (let index = 0; index < length; index += 1) text += this.pick(alphabet);
    return text;
  }
}
