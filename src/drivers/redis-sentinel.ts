import type { Operation } from './operation.js';
import { RedisFailure } from './redis-errors.js';
import { addressText, type RedisAddress } from './redis-link.js';
import { type OpenRedisLink, RedisNode } from './redis-node.js';
import { isMisdirected, type RedisMasters, type RedisTopology, type RedisWork } from './redis-topology.js';
import { orAborted, SharedAttempt } from './shared-attempt.js';

/** What finding the master depends on. */
export interface SentinelSettings {
  readonly sentinels: readonly RedisAddress[];
  readonly masterName: string;
  readonly openSentinel: OpenRedisLink;
  readonly openServer: OpenRedisLink;
}

interface Claim {
  readonly epoch: number;
  readonly address: RedisAddress;
}

/** A master that sentinels watch over. They are asked again when it cannot be reached or is none any more. */
export class SentinelTopology implements RedisTopology {
  readonly #settings: SentinelSettings;
  readonly #finding = new SharedAttempt<RedisNode>();
  #master: RedisNode | undefined;
  #closed = false;

  constructor(settings: SentinelSettings) {
    this.#settings = settings;
  }

  async run<T>(_key: string, operation: Operation, work: RedisWork<T>): Promise<T> {
    const hadMaster = this.#master !== undefined;
    try {
      return await this.#runOnce(operation, work);
    } catch (error) {
      this.forget();
      if (!hadMaster || !isMisdirected(error)) throw error;
    }
    operation.assertActive();
    try {
      return await this.#runOnce(operation, work);
    } catch (error) {
      this.forget();
      throw error;
    }
  }

  async masters(operation: Operation): Promise<RedisMasters> {
    const master = await this.#find(operation.signal);
    return { nodes: [master], version: master.name };
  }

  /** A link that still works is kept, for those who wait for an answer on it, until another master was found. */
  forget(): void {
    if (this.#master?.isLinked === false) this.#replace(undefined);
  }

  close(): void {
    this.#closed = true;
    this.#finding.cancel();
    this.#master?.close();
  }

  async #runOnce<T>(operation: Operation, work: RedisWork<T>): Promise<T> {
    const master = await this.#find(operation.signal);
    const link = await master.link(operation.signal);
    try {
      return await work(link, false);
    } catch (error) {
      // It answers, but is not the master any more: nothing that it says now is of use to anybody.
      if (error instanceof RedisFailure && error.code === 'READONLY') link.close();
      throw error;
    }
  }

  async #find(signal: AbortSignal): Promise<RedisNode> {
    if (this.#master?.isLinked) return this.#master;
    return this.#finding.join(signal, async (given) => {
      const address = await this.#askAll(given);
      const known = this.#master;
      const node =
        known?.name === addressText(address) ? known : new RedisNode(address, (to, by) => this.#openMaster(to, by));
      if (node !== known) this.#replace(node);
      if (this.#closed) node.close();
      return node;
    });
  }

  #replace(node: RedisNode | undefined): void {
    this.#master?.close();
    this.#master = node;
  }

  /** A sentinel that is behind names the former master, which may have become a replica. */
  async #openMaster(address: RedisAddress, signal: AbortSignal): ReturnType<OpenRedisLink> {
    const link = await this.#settings.openServer(address, signal);
    try {
      const role = await orAborted(link.send(['ROLE'], readOperation(signal)), signal);
      if (Array.isArray(role) && role[0] !== 'master') throw new RedisFailure('refused', 'READONLY', link.address);
      return link;
    } catch (error) {
      // Who may not ask is told by the first command that writes.
      if (error instanceof RedisFailure && error.code === 'NOPERM') return link;
      link.close();
      throw error;
    }
  }

  /** The address that the sentinels name, or of two that they name the one that was agreed on later. */
  async #askAll(signal: AbortSignal): Promise<RedisAddress> {
    const { sentinels } = this.#settings;
    const claims: Claim[] = [];
    const failures: unknown[] = [];
    await new Promise<void>((resolve) => {
      const settled = (): void => {
        const heard = claims.length + failures.length === sentinels.length;
        if (heard || claims.length > sentinels.length / 2) resolve();
      };
      for (const sentinel of sentinels) {
        this.#ask(sentinel, signal).then(
          (claim) => {
            claims.push(claim);
            settled();
          },
          (error: unknown) => {
            failures.push(error);
            settled();
          },
        );
      }
    });
    const [latest] = claims.sort((one, other) => other.epoch - one.epoch);
    if (latest !== undefined) return latest.address;
    throw failures.find((error) => error instanceof RedisFailure && error.kind === 'refused') ?? failures[0];
  }

  async #ask(sentinel: RedisAddress, signal: AbortSignal): Promise<Claim> {
    const { masterName, openSentinel } = this.#settings;
    const link = await openSentinel(sentinel, signal);
    try {
      const reply = await orAborted(
        link.send(['SENTINEL', 'MASTER', masterName], readOperation(signal)),
        AbortSignal.any([signal, AbortSignal.timeout(ANSWER_TIMEOUT_MS)]),
      );
      return claimOf(reply, addressText(sentinel));
    } catch (error) {
      if (error instanceof RedisFailure) throw error;
      throw new RedisFailure('unreachable', 'ETIMEDOUT', addressText(sentinel), error);
    } finally {
      link.close();
    }
  }
}

/** Milliseconds that a sentinel has for its answer. */
const ANSWER_TIMEOUT_MS = 2000;

/** An operation that nobody but its signal ends. */
export function readOperation(signal: AbortSignal): Operation {
  return { kind: 'read', signal, assertActive: () => signal.throwIfAborted() };
}

/** The reply is a list of names and values. */
function claimOf(reply: unknown, sentinel: string): Claim {
  const list = Array.isArray(reply) ? reply.map(String) : [];
  const field = (name: string): string => {
    const at = list.findIndex((each, index) => index % 2 === 0 && each === name);
    return at === -1 ? '' : (list[at + 1] ?? '');
  };
  const port = Number(field('port'));
  if (field('ip') === '' || !Number.isInteger(port) || port <= 0) {
    throw new RedisFailure('unreachable', 'UNREACHABLE', sentinel, new Error('the sentinel names no master'));
  }
  return { epoch: Number(field('config-epoch')) || 0, address: { host: field('ip'), port } };
}
