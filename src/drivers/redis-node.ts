import type { Operation } from './operation.js';
import { isDemoted, RedisFailure } from './redis-errors.js';
import { addressText, type RedisAddress, type RedisLink } from './redis-link.js';
import { SharedAttempt } from './shared-attempt.js';

/** Makes a link to a server. */
export type OpenRedisLink = (address: RedisAddress, signal: AbortSignal) => Promise<RedisLink>;

/** `waits`: for commands that make the server hold up all that come behind them on the same link. */
export type RedisLinkUse = 'answers' | 'waits';

/** One server, and the links to it, each made when it is first needed and again when it broke. */
export class RedisNode {
  readonly address: RedisAddress;
  readonly #lines: Readonly<Record<RedisLinkUse, Line>>;

  constructor(address: RedisAddress, open: OpenRedisLink) {
    this.address = address;
    const line = (): Line => new Line((signal) => open(address, signal), this.name);
    this.#lines = { answers: line(), waits: line() };
  }

  /** `host:port`. */
  get name(): string {
    return addressText(this.address);
  }

  /** Whether there is a link now, and none broke. */
  get isLinked(): boolean {
    return !this.isBroken && this.#all.some(({ isOpen }) => isOpen);
  }

  /** Whether, since the last `settle`, a link broke or could not be made. */
  get isBroken(): boolean {
    return this.#all.some(({ isBroken }) => isBroken);
  }

  /** Whether nobody waits for an answer of this server. */
  get isIdle(): boolean {
    return this.#all.every(({ isIdle }) => isIdle);
  }

  get #all(): readonly Line[] {
    return Object.values(this.#lines);
  }

  /** @throws RedisFailure `unreachable` */
  link(signal: AbortSignal, use: RedisLinkUse = 'answers'): Promise<RedisLink> {
    return this.#lines[use].link(signal);
  }

  /** Does the work over a link; no link to a server that turns out to be a replica is used again. @throws RedisFailure */
  async work<T>(operation: Operation, use: RedisLinkUse, work: (link: RedisLink) => Promise<T>): Promise<T> {
    const link = await this.link(operation.signal, use);
    try {
      return await work(link);
    } catch (error) {
      if (isDemoted(error)) this.retire();
      throw error;
    }
  }

  /** What broke is dealt with: it was asked again who the master is. */
  settle(): void {
    for (const line of this.#all) line.settle();
  }

  /** Sends nothing over the links that are there any more. */
  retire(): void {
    for (const line of this.#all) line.retire();
  }

  /** Ends the links, and makes no other ones last. */
  close(): void {
    for (const line of this.#all) line.close();
  }
}

/** The link for one use, and those before it on which somebody still waits. */
class Line {
  readonly #open: (signal: AbortSignal) => Promise<RedisLink>;
  readonly #name: string;
  readonly #opening = new SharedAttempt<RedisLink>();
  readonly #links = new Set<RedisLink>();
  #link: RedisLink | undefined;
  #failed = false;
  #closed = false;

  constructor(open: (signal: AbortSignal) => Promise<RedisLink>, name: string) {
    this.#open = open;
    this.#name = name;
  }

  get isOpen(): boolean {
    return this.#link?.isOpen === true;
  }

  get isBroken(): boolean {
    return this.#failed || this.#link?.isOpen === false;
  }

  get isIdle(): boolean {
    return [...this.#links].every(({ isIdle }) => isIdle);
  }

  async link(signal: AbortSignal): Promise<RedisLink> {
    if (this.#link?.isOpen) return this.#link;
    return this.#opening.join(signal, async (given) => {
      const link = await this.#made(given);
      if (this.#closed) {
        link.close();
        throw new RedisFailure('unreachable', 'closed', this.#name);
      }
      for (const each of this.#links) if (each.isClosed) this.#links.delete(each);
      this.#links.add(link);
      this.#link = link;
      this.#failed = false;
      return link;
    });
  }

  settle(): void {
    this.#failed = false;
    if (this.#link?.isOpen === false) this.#link = undefined;
  }

  retire(): void {
    this.#link?.retire();
  }

  close(): void {
    this.#closed = true;
    this.#opening.cancel();
    for (const link of this.#links) link.close();
  }

  async #made(signal: AbortSignal): Promise<RedisLink> {
    try {
      return await this.#open(signal);
    } catch (error) {
      this.#failed = true;
      throw error;
    }
  }
}
