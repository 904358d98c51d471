import { createHash } from 'node:crypto';
import { BinanceError } from './binance-error.js';

/** The account's listen keys: one is valid at a time. Nothing expires by itself. */
export class ListenKeys {
  #made = 0;
  #current: string | undefined;

  get current(): string | undefined {
    return this.#current;
  }

  /** The valid key, or a new one. */
  create(): string {
    if (this.#current === undefined) {
      this.#made += 1;
      const digest = createHash('sha512').update(`listen key ${this.#made}`).digest('hex');
      this.#current = digest.slice(0, 64);
    }
    return this.#current;
  }

  /** Answers the keep-alive of a client. */
  extend(): string {
    if (this.#current === undefined) {
      throw new BinanceError(-1125, 'This listenKey does not exist.');
    }
    return this.#current;
  }

  /** Ends the valid key, and returns it. */
  end(): string | undefined {
    const ended = this.#current;
    this.#current = undefined;
    return ended;
  }
}
