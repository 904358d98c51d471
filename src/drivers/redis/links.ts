import { SingleFlight } from '../../core/shared/single-flight.js';
import { addressText, type RedisAddress } from './address.js';
import { RedisFailure } from './errors.js';
import type { RedisLink } from './link.js';

/** `waits`: for commands that make the server hold up all that come behind them on the same link. */
export type RedisLinkUse = 'answers' | 'waits';

const USES: readonly RedisLinkUse[] = ['answers', 'waits'];

/** The links to servers, one for each use of a server, made when it is first needed and again when it broke. */
export class RedisLinks {
  readonly #make: (server: RedisAddress) => RedisLink;
  readonly #openings = new Map<string, SingleFlight<RedisLink>>();
  readonly #present = new Map<string, RedisLink>();
  /** Those before them as well, on which somebody still waits. */
  readonly #all = new Set<RedisLink>();
  #isClosed = false;

  constructor(make: (server: RedisAddress) => RedisLink) {
    this.#make = make;
  }

  /** The link to the server if there is one. */
  present(server: RedisAddress, use: RedisLinkUse): RedisLink | undefined {
    const link = this.#present.get(keyOf(addressText(server), use));
    return link?.isOpen ? link : undefined;
  }

  /** @throws RedisFailure `unreachable` */
  async get(server: RedisAddress, signal: AbortSignal, use: RedisLinkUse = 'answers'): Promise<RedisLink> {
    const present = this.present(server, use);
    if (present !== undefined) return present;
    const key = keyOf(addressText(server), use);
    const opening = this.#openings.get(key) ?? new SingleFlight<RedisLink>();
    this.#openings.set(key, opening);
    return opening.join(signal, async (given) => {
      const link = await this.#make(server).connect(given);
      if (this.#isClosed) {
        link.close();
        throw new RedisFailure('unreachable', 'closed', link.address);
      }
      for (const each of this.#all) if (each.isClosed) this.#all.delete(each);
      this.#all.add(link);
      this.#present.set(key, link);
      return link;
    });
  }

  /** Whether a link broke, and that was not dealt with. */
  get hasBroken(): boolean {
    for (const link of this.#present.values()) if (!link.isOpen) return true;
    return false;
  }

  /** Sends nothing over the links to the server any more; those who wait for an answer can go on waiting. */
  retire(server: string): void {
    for (const link of this.#to(server)) link.retire();
  }

  /** Takes over a new view of the servers: forgets broken links, and ends the links to all other servers. */
  keepOnly(servers: ReadonlySet<string>): void {
    for (const [key, link] of this.#present) {
      if (!servers.has(link.address)) link.retire();
      if (!link.isOpen) this.#present.delete(key);
    }
  }

  /** Ends all links, and makes no other ones last. */
  close(): void {
    this.#isClosed = true;
    for (const opening of this.#openings.values()) opening.cancel();
    for (const link of this.#all) link.close();
  }

  #to(server: string): readonly RedisLink[] {
    return USES.map((use) => this.#present.get(keyOf(server, use))).filter((link) => link !== undefined);
  }
}

function keyOf(server: string, use: RedisLinkUse): string {
  return `${use} ${server}`;
}
