import { RedisFailure } from './redis-errors.js';
import { addressText, type RedisAddress, type RedisLink } from './redis-link.js';
import { SharedAttempt } from './shared-attempt.js';

/** Makes a link to a server. */
export type OpenRedisLink = (address: RedisAddress, signal: AbortSignal) => Promise<RedisLink>;

/** One server, and the link to it, made when it is first needed and again when it broke. */
export class RedisNode {
  readonly address: RedisAddress;
  readonly #open: OpenRedisLink;
  readonly #opening = new SharedAttempt<RedisLink>();
  #link: RedisLink | undefined;
  #closed = false;

  constructor(address: RedisAddress, open: OpenRedisLink) {
    this.address = address;
    this.#open = open;
  }

  /** `host:port`. */
  get name(): string {
    return addressText(this.address);
  }

  /** Whether there is a link now. */
  get isLinked(): boolean {
    return this.#link?.isOpen === true;
  }

  /** Whether nobody waits for an answer of this server. */
  get isIdle(): boolean {
    return this.#link?.isIdle !== false;
  }

  /** @throws RedisFailure `unreachable` */
  async link(signal: AbortSignal): Promise<RedisLink> {
    if (this.#link?.isOpen) return this.#link;
    return this.#opening.join(signal, async (given) => {
      const link = await this.#open(this.address, given);
      if (this.#closed) {
        link.close();
        throw new RedisFailure('unreachable', 'closed', this.name);
      }
      this.#link = link;
      return link;
    });
  }

  /** Ends the link, and makes no other one last. */
  close(): void {
    this.#closed = true;
    this.#opening.cancel();
    this.#link?.close();
  }
}
