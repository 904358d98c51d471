import type { Operation } from './operation.js';
import { orAborted, underLimit } from './or-aborted.js';
import { isDemoted, RedisFailure } from './redis-errors.js';
import { addressText, type RedisAddress } from './redis-link.js';
import { type OpenRedisLink, RedisNode } from './redis-node.js';
import { allAnswers, firstAnswer } from './redis-questions.js';
import { readOperation } from './redis-sentinel.js';
import { slotOf } from './redis-slots.js';
import {
  isMisdirected,
  type RedisErrand,
  type RedisMasters,
  type RedisSource,
  type RedisTopology,
} from './redis-topology.js';
import { SharedAttempt } from './shared-attempt.js';
import { SharedRuns } from './shared-runs.js';

/** How often one piece of work is sent on to another server. */
const MAX_HOPS = 5;

/** Milliseconds that a server has to tell how the slots are distributed. */
const ANSWER_TIMEOUT_MS = 2000;

/** Milliseconds after which another server is asked as well. */
const PATIENCE_MS = 200;

interface Range {
  readonly from: number;
  readonly to: number;
  readonly node: RedisNode;
  readonly replicas: readonly RedisNode[];
}

/** How a server says that the slots are distributed. */
interface View {
  readonly of: RedisNode;
  readonly ranges: readonly Range[];
}

interface Redirection {
  readonly node: RedisNode;
  readonly asking: boolean;
}

/** The masters of a cluster, each with its slots. */
export class ClusterTopology implements RedisTopology {
  readonly #seeds: readonly RedisAddress[];
  readonly #open: OpenRedisLink;
  readonly #nodes = new Map<string, RedisNode>();
  readonly #reading = new SharedAttempt<readonly Range[]>();
  readonly #closing = new AbortController();
  readonly #confirming = new SharedRuns(() => this.#views(this.#closing.signal));
  /** The names of those that had not answered when they were asked last. */
  readonly #silent = new Set<string>();
  #ranges: readonly Range[] | undefined;
  /** The masters and their replicas, as of the last map. One that takes over is the first to know. */
  #members: ReadonlySet<RedisNode> = new Set();

  constructor(seeds: readonly RedisAddress[], open: OpenRedisLink) {
    this.#seeds = seeds;
    this.#open = open;
  }

  async run<T>({ key, use, operation, work }: RedisErrand<T>): Promise<T> {
    const slot = slotOf(key);
    let redirection: Redirection | undefined;
    for (let hop = 0; ; hop += 1) {
      operation.assertActive();
      const node: RedisNode = redirection?.node ?? (await this.#owner(slot, operation.signal));
      const asking = redirection?.asking === true;
      try {
        return await node.work(operation, use, (link) => work(link, asking));
      } catch (error) {
        if (!(error instanceof RedisFailure)) throw error;
        redirection = this.#redirection(error, node);
        // A server that moved the slot for good has a newer view of the cluster than ours; one that broke, too.
        if (redirection?.asking !== true && (redirection !== undefined || saysOutdated(error))) this.forget();
        const goesOn = redirection !== undefined || (hop === 0 && isMisdirected(error));
        if (!goesOn || hop >= MAX_HOPS) throw error;
      }
    }
  }

  /** A server that a slot moves to need not be its master yet. */
  async isStillMaster({ key, address, asking, isLate }: RedisSource, operation: Operation): Promise<boolean> {
    const views = await orAborted(this.#confirming.next(), operation.signal);
    const others = views.filter(({ of }) => of.name !== address);
    const slot = slotOf(key);
    const names = ({ ranges }: View): boolean =>
      ranges.some(({ from, to, node }) => node.name === address && (asking || (from <= slot && slot <= to)));
    const said = new Set(views.map(({ of }) => of.name).concat(address));
    const isEnough = isLate ? [...this.#members].every(({ name }) => said.has(name)) : said.size > 1;
    const isAlone = [...this.#nodes.keys()].every((name) => name === address);
    return isAlone || (isEnough && others.every(names));
  }

  async masters(operation: Operation): Promise<RedisMasters> {
    const ranges = await this.#map(operation.signal);
    const version = ranges.map(({ from, to, node }) => `${from}-${to}@${node.name}`).sort();
    return { nodes: [...new Set(ranges.map(({ node }) => node))], version: version.join(',') };
  }

  /** Only a server itself knows that a slot moves to it. Without the permission for the question, none is known. */
  async importing(operation: Operation): Promise<readonly RedisNode[]> {
    const { nodes } = await this.masters(operation);
    const asked = nodes.map((node) =>
      node.work(operation, 'answers', async (link) => {
        try {
          return isImporting(await link.send(['CLUSTER', 'NODES'], operation)) ? [node] : [];
        } catch (error) {
          if (error instanceof RedisFailure && error.kind === 'refused' && !isDemoted(error)) return [];
          throw error;
        }
      }),
    );
    return (await Promise.all(asked)).flat();
  }

  forget(): void {
    this.#ranges = undefined;
  }

  close(): void {
    this.#closing.abort(new Error('the driver was closed'));
    this.#reading.cancel();
    for (const node of this.#nodes.values()) node.close();
  }

  async #owner(slot: number, signal: AbortSignal): Promise<RedisNode> {
    const known = this.#ranges === undefined ? undefined : ownerIn(this.#ranges, slot);
    // It may have been replaced.
    if (known?.isBroken) this.forget();
    const owner = ownerIn(await this.#map(signal), slot);
    if (owner !== undefined) return owner;
    this.forget();
    throw new RedisFailure('unreachable', 'UNREACHABLE', this.#names(), new Error(`no master serves slot ${slot}`));
  }

  #redirection(error: RedisFailure, from: RedisNode): Redirection | undefined {
    if (error.kind !== 'refused' || !(error.cause instanceof Error)) return undefined;
    const [, verb, target] = /^(MOVED|ASK) \d+ (\S+)$/.exec(error.cause.message) ?? [];
    // A server that does not know how it is called leaves its own name out.
    const [, host, port] = /^(.*):(\d+)$/.exec(target ?? '') ?? [];
    if (port === undefined) return undefined;
    const address = { host: host === '' || host === undefined ? from.address.host : host, port: Number(port) };
    return { node: this.#node(address), asking: verb === 'ASK' };
  }

  async #map(signal: AbortSignal): Promise<readonly Range[]> {
    if (this.#ranges !== undefined) return this.#ranges;
    return this.#reading.join(signal, async (given) => {
      this.#ranges = await this.#read(given);
      return this.#ranges;
    });
  }

  async #read(signal: AbortSignal): Promise<readonly Range[]> {
    const candidates = [...new Set([...this.#nodes.values(), ...this.#seeds.map((seed) => this.#node(seed))])];
    const rank = (node: RedisNode): number => (this.#silent.has(node.name) ? 2 : node.isLinked ? 0 : 1);
    candidates.sort((one, other) => rank(one) - rank(other));
    const questions = candidates.map((node) => async (given: AbortSignal) => {
      try {
        const view = await this.#ask(node, given);
        this.#silent.delete(node.name);
        return view;
      } catch (error) {
        this.#silent.add(node.name);
        throw error;
      }
    });
    const { answers, failures } = await firstAnswer(questions, signal, PATIENCE_MS);
    const [view] = answers;
    if (view !== undefined) {
      for (const node of this.#nodes.values()) node.settle();
      this.#members = new Set(view.ranges.flatMap(({ node, replicas }) => [node, ...replicas]));
      this.#closeOthers();
      return view.ranges;
    }
    const told = failures.find((error) => error instanceof RedisFailure && error.kind === 'refused') ?? failures.at(-1);
    if (told instanceof RedisFailure) throw told;
    throw new RedisFailure('unreachable', 'ETIMEDOUT', this.#names(), told);
  }

  /** What all servers say that are known. */
  async #views(signal: AbortSignal): Promise<readonly View[]> {
    for (const seed of this.#seeds) this.#node(seed);
    const questions = [...this.#nodes].map(
      ([name, node]) => [name, (given: AbortSignal) => this.#ask(node, given)] as const,
    );
    return (await allAnswers(new Map(questions), this.#silent, signal)).answers;
  }

  #ask(node: RedisNode, signal: AbortSignal): Promise<View> {
    return underLimit(signal, ANSWER_TIMEOUT_MS, (limited) => this.#askWithin(node, limited));
  }

  async #askWithin(node: RedisNode, limited: AbortSignal): Promise<View> {
    const link = await orAborted(node.link(limited), limited);
    const reply = await orAborted(link.send(['CLUSTER', 'SLOTS'], readOperation(limited)), limited);
    if (!Array.isArray(reply) || reply.length === 0) {
      throw new RedisFailure('unreachable', 'UNREACHABLE', node.name, new Error('the server knows of no slots'));
    }
    return { of: node, ranges: reply.map((entry: unknown) => this.#range(entry, node)) };
  }

  /** From a list of the first slot, the last slot, and the servers, the master first, each a list that begins with host and port. */
  #range(entry: unknown, told: RedisNode): Range {
    const [from, to, ...servers] = Array.isArray(entry) ? (entry as readonly unknown[]) : [];
    const [node = told, ...replicas] = servers.map((server): RedisNode => {
      const [host, port] = Array.isArray(server) ? (server as readonly unknown[]) : [];
      const isNamed = typeof host === 'string' && host !== '' && host !== '?';
      return this.#node({ host: isNamed ? host : told.address.host, port: Number(port) });
    });
    return { from: Number(from), to: Number(to), node, replicas };
  }

  #node(address: RedisAddress): RedisNode {
    const name = addressText(address);
    const node = this.#nodes.get(name) ?? new RedisNode(address, this.#open);
    this.#nodes.set(name, node);
    if (this.#closing.signal.aborted) node.close();
    return node;
  }

  /** Those whose answers somebody waits for stay until the map is read again. */
  #closeOthers(): void {
    for (const [name, node] of this.#nodes) {
      if (this.#members.has(node) || !node.isIdle) continue;
      node.close();
      this.#nodes.delete(name);
    }
  }

  #names(): string {
    return this.#seeds.map(addressText).join(',');
  }
}

/** From a line for each server; that of the one which answers has the slots that move, as in `[5461-<-id of the other]`. */
function isImporting(reply: unknown): boolean {
  const lines = typeof reply === 'string' ? reply.split('\n') : [];
  return lines.some((line) => line.includes('myself') && line.includes('-<-'));
}

function ownerIn(ranges: readonly Range[], slot: number): RedisNode | undefined {
  return ranges.find(({ from, to }) => from <= slot && slot <= to)?.node;
}

function saysOutdated(failure: RedisFailure): boolean {
  return failure.kind !== 'refused' || failure.code === 'CLUSTERDOWN' || isDemoted(failure);
}
