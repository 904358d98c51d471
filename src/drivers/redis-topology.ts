import type { Operation } from './operation.js';
import { RedisFailure } from './redis-errors.js';
import type { RedisAddress, RedisLink } from './redis-link.js';
import { type OpenRedisLink, RedisNode } from './redis-node.js';

/** Sends what an operation has to say over a link; `asking` when the server has to be asked for a slot that moves. */
export type RedisWork<T> = (link: RedisLink, asking: boolean) => Promise<T>;

/** The servers that are masters at some time. */
export interface RedisMasters {
  readonly nodes: readonly RedisNode[];
  /** Differs when other servers have become masters, or have got other slots. */
  readonly version: string;
}

/** Which server is responsible for what. */
export interface RedisTopology {
  /** Does the work at the master of the key, and again elsewhere when a server says that it was done nowhere yet. */
  run<T>(key: string, operation: Operation, work: RedisWork<T>): Promise<T>;
  /** All masters, as they are known now. */
  masters(operation: Operation): Promise<RedisMasters>;
  /** Makes `masters` and `run` look anew. */
  forget(): void;
  /** Ends all links. */
  close(): void;
}

/** One server. */
export class SingleTopology implements RedisTopology {
  readonly #node: RedisNode;

  constructor(address: RedisAddress, open: OpenRedisLink) {
    this.#node = new RedisNode(address, open);
  }

  async run<T>(_key: string, operation: Operation, work: RedisWork<T>): Promise<T> {
    return work(await this.#node.link(operation.signal), false);
  }

  async masters(): Promise<RedisMasters> {
    return { nodes: [this.#node], version: this.#node.name };
  }

  forget(): void {}

  close(): void {
    this.#node.close();
  }
}

/** Whether the work was certainly not done, by a server that is perhaps not the right one any more. */
export function isMisdirected(thrown: unknown): boolean {
  return thrown instanceof RedisFailure && (thrown.kind === 'unreachable' || thrown.code === 'READONLY');
}
