import type { Operation } from './operation.js';
import { orAborted, underLimit } from './or-aborted.js';
import { RedisFailure } from './redis-errors.js';
import { addressText, type RedisAddress } from './redis-link.js';
import { type OpenRedisLink, RedisNode } from './redis-node.js';
import { type Answers, allAnswers, type Question } from './redis-questions.js';
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

/** A master that sentinels watch over. They are asked again when it cannot be reached or is none any more. */
export class SentinelTopology implements RedisTopology {
  readonly #settings: SentinelSettings;
  readonly #finding = new SharedAttempt<RedisNode>();
  readonly #closing = new AbortController();
  readonly #confirming = new SharedRuns(() => this.#claims(this.#closing.signal));
  readonly #sentinels: readonly RedisNode[];
  readonly #questions: ReadonlyMap<string, Question<Claim>>;
  readonly #silent = new Set<string>();
  #master: RedisNode | undefined;

  constructor(settings: SentinelSettings) {
    this.#settings = settings;
    this.#sentinels = settings.sentinels.map((each) => new RedisNode(each, settings.openSentinel));
    this.#questions = new Map(this.#sentinels.map((each) => [each.name, (signal) => this.#ask(each, signal)]));
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

  async isStillMaster({ address, isLate }: RedisSource, operation: Operation): Promise<boolean> {
    const { answers, failures } = await orAborted(this.#confirming.next(), operation.signal);
    if (answers.length === 0) throw failures[0];
    const isEnough = !isLate || answers.length === this.#questions.size;
    return isEnough && answers.every((claim) => addressText(claim.address) === address);
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
    for (const node of this.#sentinels) node.close();
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
      const address = await this.#named(given);
      if (this.#master?.name !== addressText(address)) {
        this.#master?.close();
        this.#master = new RedisNode(address, this.#settings.openServer);
      }
      this.#master.settle();
      if (this.#closing.signal.aborted) this.#master.close();
      return this.#master;
    });
  }

  #claims(signal: AbortSignal): Promise<Answers<Claim>> {
    return allAnswers(this.#questions, this.#silent, signal);
  }

  /** The address that the sentinels name, or of two that they name the one that was agreed on later. */
  async #named(signal: AbortSignal): Promise<RedisAddress> {
    const { answers, failures } = await this.#claims(signal);
    const [latest] = [...answers].sort((one, other) => other.epoch - one.epoch);
    if (latest !== undefined) return latest.address;
    throw failures.find((error) => error instanceof RedisFailure && error.kind === 'refused') ?? failures[0];
  }

  #ask(sentinel: RedisNode, signal: AbortSignal): Promise<Claim> {
    return underLimit(signal, ANSWER_TIMEOUT_MS, (limited) => this.#askWithin(sentinel, limited));
  }

  async #askWithin(sentinel: RedisNode, limited: AbortSignal): Promise<Claim> {
    try {
      const link = await orAborted(sentinel.link(limited), limited);
      // Only the second answer names a new master from the moment on at which it is one. The first one has the epoch.
      const asked = ['MASTER', 'GET-MASTER-ADDR-BY-NAME'].map((question) =>
        link.send(['SENTINEL', question, this.#settings.masterName], readOperation(limited)),
      );
      const [known, named] = await orAborted(Promise.all(asked), limited);
      return claimOf(known, named, sentinel.name);
    } catch (error) {
      if (error instanceof RedisFailure) throw error;
      throw new RedisFailure('unreachable', 'ETIMEDOUT', sentinel.name, error);
    }
  }
}

/** An operation that nobody but its signal ends. */
export function readOperation(signal: AbortSignal): Operation {
  return { kind: 'read', signal, assertActive: () => signal.throwIfAborted() };
}

/** From a list of names and values, and one of host and port. */
function claimOf(known: unknown, named: unknown, sentinel: string): Claim {
  const textsOf = (reply: unknown): readonly string[] => (Array.isArray(reply) ? reply.map(String) : []);
  const list = textsOf(known);
  const [host, digits] = textsOf(named);
  const port = Number(digits);
  if (host === undefined || !Number.isInteger(port) || port <= 0) {
    throw new RedisFailure('unreachable', 'UNREACHABLE', sentinel, new Error('the sentinel names no master'));
  }
  const at = list.findIndex((each, index) => index % 2 === 0 && each === 'config-epoch');
  return { epoch: Number(list[at + 1]) || 0, address: { host, port } };
}
