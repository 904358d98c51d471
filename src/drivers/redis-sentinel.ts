import type { Operation } from './operation.js';
import { orAborted } from './or-aborted.js';
import { RedisFailure } from './redis-errors.js';
import { addressText, type RedisAddress } from './redis-link.js';
import { type OpenRedisLink, RedisNode } from './redis-node.js';
import { mostAnswers } from './redis-questions.js';
import {
  isMisdirected,
  type RedisErrand,
  type RedisMasters,
  type RedisSource,
  type RedisTopology,
} from './redis-topology.js';
import { SharedAttempt } from './shared-attempt.js';
import { SharedRuns } from './shared-runs.js';

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

/** Milliseconds that a sentinel has for its answer, the connection included. */
const ANSWER_TIMEOUT_MS = 2000;

/** Milliseconds that the others have when one has answered. */
const GRACE_MS = 500;

/** A master that sentinels watch over. They are asked again when it cannot be reached or is none any more. */
export class SentinelTopology implements RedisTopology {
  readonly #settings: SentinelSettings;
  readonly #finding = new SharedAttempt<RedisNode>();
  readonly #closing = new AbortController();
  readonly #confirming = new SharedRuns(() => this.#askAll(this.#closing.signal));
  #master: RedisNode | undefined;

  constructor(settings: SentinelSettings) {
    this.#settings = settings;
  }

  async run<T>(errand: RedisErrand<T>): Promise<T> {
    const wasLinked = this.#master?.isLinked === true;
    try {
      return await this.#runOnce(errand);
    } catch (error) {
      if (!wasLinked || !isMisdirected(error)) throw error;
    }
    errand.operation.assertActive();
    return this.#runOnce(errand);
  }

  async isStillMaster({ address }: RedisSource, operation: Operation): Promise<boolean> {
    return address === addressText(await orAborted(this.#confirming.next(), operation.signal));
  }

  async masters(operation: Operation): Promise<RedisMasters> {
    const master = await this.#find(operation.signal);
    return { nodes: [master], version: master.name };
  }

  async importing(): Promise<readonly RedisNode[]> {
    return [];
  }

  /** They are asked again as soon as a link breaks. */
  forget(): void {}

  close(): void {
    this.#closing.abort(new Error('the driver was closed'));
    this.#finding.cancel();
    this.#master?.close();
  }

  async #runOnce<T>({ operation, use, work }: RedisErrand<T>): Promise<T> {
    const master = await this.#find(operation.signal);
    return master.work(operation, use, (link) => work(link, false));
  }

  /** Links that still work are kept, for those who wait for an answer on them, until another master was found. */
  async #find(signal: AbortSignal): Promise<RedisNode> {
    if (this.#master?.isLinked) return this.#master;
    return this.#finding.join(signal, async (given) => {
      const address = await this.#askAll(given);
      if (this.#master?.name !== addressText(address)) {
        this.#master?.close();
        this.#master = new RedisNode(address, this.#settings.openServer);
      }
      this.#master.settle();
      if (this.#closing.signal.aborted) this.#master.close();
      return this.#master;
    });
  }

  /** The address that the sentinels name, or of two that they name the one that was agreed on later. */
  async #askAll(signal: AbortSignal): Promise<RedisAddress> {
    const questions = this.#settings.sentinels.map((each) => (given: AbortSignal) => this.#ask(each, given));
    const { answers, failures } = await mostAnswers(questions, signal, GRACE_MS);
    const [latest] = [...answers].sort((one, other) => other.epoch - one.epoch);
    if (latest !== undefined) return latest.address;
    throw failures.find((error) => error instanceof RedisFailure && error.kind === 'refused') ?? failures[0];
  }

  async #ask(sentinel: RedisAddress, signal: AbortSignal): Promise<Claim> {
    const { masterName, openSentinel } = this.#settings;
    const limited = AbortSignal.any([signal, AbortSignal.timeout(ANSWER_TIMEOUT_MS)]);
    try {
      const link = await openSentinel(sentinel, limited);
      try {
        const asked = link.send(['SENTINEL', 'MASTER', masterName], readOperation(limited));
        return claimOf(await orAborted(asked, limited), addressText(sentinel));
      } finally {
        link.close();
      }
    } catch (error) {
      if (error instanceof RedisFailure) throw error;
      throw new RedisFailure('unreachable', 'ETIMEDOUT', addressText(sentinel), error);
    }
  }
}

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
