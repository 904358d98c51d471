import type { Operation } from './operation.js';
import { isDemoted, RedisFailure } from './redis-errors.js';
import type { RedisAddress, RedisLink } from './redis-link.js';
import { type OpenRedisLink, type RedisLinkUse, RedisNode } from './redis-node.js';

/** Sends what an operation has to say over a link; `asking` when the server has to be asked for a slot that moves. */
export type RedisWork<T> = (link: RedisLink, asking: boolean) => Promise<T>;

/** What is to be done, and where. */
export interface RedisErrand<T> {
  /** Its master is the one to do it. */
  readonly key: string;
  readonly use: RedisLinkUse;
  readonly operation: Operation;
  readonly work: RedisWork<T>;
}

/** Who answered, to be held against what the others say. */
export interface RedisSource {
  readonly key: string;
  /** The `address` of the link. */
  readonly address: string;
  readonly asking: boolean;
  /** The answer took so long that the server may have been replaced just now, and not everybody knows of it yet. */
  readonly isLate: boolean;
}

/** The servers that are masters at some time. */
export interface RedisMasters {
  readonly nodes: readonly RedisNode[];
  /** Differs when other servers have become masters, or have got other slots. */
  readonly version: string;
}

/** Which server is responsible for what. */
export interface RedisTopology {
  /** Does the work at the master of the key, and again elsewhere when a server says that it was done nowhere yet. */
  run<T>(errand: RedisErrand<T>): Promise<T>;
  /**
   * Whether those who decide that, all asked after the call, still take the server for the master of the key. A master
   * that was replaced while it stood still does not know of it when it goes on. One who names another server decides.
   * Those who say nothing are passed over, unless the answer was late: then they may be the only ones who know.
   */
  isStillMaster(source: RedisSource, operation: Operation): Promise<boolean>;
  /** All masters, as they are known now. */
  masters(operation: Operation): Promise<RedisMasters>;
  /** Those of the masters that keys move to at this moment, from others of them. */
  importing(operation: Operation): Promise<readonly RedisNode[]>;
  /** Makes `masters` and `run` look anew. */
  forget(): void;
  /** Ends all links. */
  close(): void;
}

/** One server, or a name that leads to one server at a time. */
export class SingleTopology implements RedisTopology {
  readonly #node: RedisNode;
  #demotions = 0;

  constructor(address: RedisAddress, open: OpenRedisLink) {
    this.#node = new RedisNode(address, open);
  }

  async run<T>({ operation, use, work }: RedisErrand<T>): Promise<T> {
    const wasLinked = this.#node.isLinked;
    try {
      return await this.#node.work(operation, use, (link) => work(link, false));
    } catch (error) {
      if (!isDemoted(error)) throw error;
      this.#demotions += 1;
      if (!wasLinked) throw error;
    }
    // The name may lead to another server by now, but the links stay where they are.
    operation.assertActive();
    return this.#node.work(operation, use, (link) => work(link, false));
  }

  /** Nobody else is there to be asked. */
  async isStillMaster(): Promise<boolean> {
    return true;
  }

  async masters(): Promise<RedisMasters> {
    return { nodes: [this.#node], version: `${this.#node.name} ${this.#demotions}` };
  }

  async importing(): Promise<readonly RedisNode[]> {
    return [];
  }

  forget(): void {}

  close(): void {
    this.#node.close();
  }
}

/** Whether the work was certainly not done, by a server that is perhaps not the right one any more. */
export function isMisdirected(thrown: unknown): boolean {
  return isDemoted(thrown) || (thrown instanceof RedisFailure && thrown.kind === 'unreachable');
}
