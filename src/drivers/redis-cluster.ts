import type { Operation } from './operation.js';
import { RedisFailure } from './redis-errors.js';
import { addressText, type RedisAddress } from './redis-link.js';
import { type OpenRedisLink, RedisNode } from './redis-node.js';
import { readOperation } from './redis-sentinel.js';
import { slotOf } from './redis-slots.js';
import { isMisdirected, type RedisMasters, type RedisTopology, type RedisWork } from './redis-topology.js';
import { orAborted, SharedAttempt } from './shared-attempt.js';

/** How often one piece of work is sent on to another server. */
const MAX_HOPS = 5;

/** Milliseconds that a server has to tell how the slots are distributed. */
const ANSWER_TIMEOUT_MS = 2000;

interface Range {
  readonly from: number;
  readonly to: number;
  readonly node: RedisNode;
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
  #ranges: readonly Range[] | undefined;
  #closed = false;

  constructor(seeds: readonly RedisAddress[], open: OpenRedisLink) {
    this.#seeds = seeds;
    this.#open = open;
  }

  async run<T>(key: string, operation: Operation, work: RedisWork<T>): Promise<T> {
    const slot = slotOf(key);
    let redirection: Redirection | undefined;
    for (let hop = 0; ; hop += 1) {
      operation.assertActive();
      const node: RedisNode = redirection?.node ?? (await this.#owner(slot, operation.signal));
      try {
        const link = await node.link(operation.signal);
        return await work(link, redirection?.asking === true);
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

  async masters(operation: Operation): Promise<RedisMasters> {
    const ranges = await this.#map(operation.signal);
    const version = ranges.map(({ from, to, node }) => `${from}-${to}@${node.name}`).sort();
    return { nodes: [...new Set(ranges.map(({ node }) => node))], version: version.join(',') };
  }

  forget(): void {
    this.#ranges = undefined;
  }

  close(): void {
    this.#closed = true;
    this.#reading.cancel();
    for (const node of this.#nodes.values()) node.close();
  }

  async #owner(slot: number, signal: AbortSignal): Promise<RedisNode> {
    const ranges = await this.#map(signal);
    const range = ranges.find(({ from, to }) => from <= slot && slot <= to);
    if (range !== undefined) return range.node;
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
    const nodes = [...this.#nodes.values(), ...this.#seeds.map((seed) => this.#node(seed))];
    const linkedFirst = [...nodes.filter(({ isLinked }) => isLinked), ...nodes.filter(({ isLinked }) => !isLinked)];
    const failures: unknown[] = [];
    for (const node of new Set(linkedFirst)) {
      signal.throwIfAborted();
      try {
        const ranges = await this.#ask(node, AbortSignal.any([signal, AbortSignal.timeout(ANSWER_TIMEOUT_MS)]));
        this.#closeOthers(ranges);
        return ranges;
      } catch (error) {
        failures.push(error);
      }
    }
    const told = failures.find((error) => error instanceof RedisFailure && error.kind === 'refused') ?? failures.at(-1);
    if (told instanceof RedisFailure) throw told;
    throw new RedisFailure('unreachable', 'ETIMEDOUT', this.#names(), told);
  }

  async #ask(node: RedisNode, signal: AbortSignal): Promise<readonly Range[]> {
    const link = await orAborted(node.link(signal), signal);
    const reply = await orAborted(link.send(['CLUSTER', 'SLOTS'], readOperation(signal)), signal);
    if (!Array.isArray(reply) || reply.length === 0) {
      throw new RedisFailure('unreachable', 'UNREACHABLE', node.name, new Error('the server knows of no slots'));
    }
    return reply.map((entry: unknown) => this.#range(entry, node));
  }

  /** From a list of the first slot, the last slot, and the servers, the master first, each a list that begins with host and port. */
  #range(entry: unknown, told: RedisNode): Range {
    const [from, to, master] = Array.isArray(entry) ? (entry as readonly unknown[]) : [];
    const [host, port] = Array.isArray(master) ? (master as readonly unknown[]) : [];
    const address = {
      host: typeof host === 'string' && host !== '' && host !== '?' ? host : told.address.host,
      port: Number(port),
    };
    return { from: Number(from), to: Number(to), node: this.#node(address) };
  }

  #node(address: RedisAddress): RedisNode {
    const name = addressText(address);
    const node = this.#nodes.get(name) ?? new RedisNode(address, this.#open);
    this.#nodes.set(name, node);
    if (this.#closed) node.close();
    return node;
  }

  /** Those whose answers somebody waits for stay until the map is read again. */
  #closeOthers(ranges: readonly Range[]): void {
    const used = new Set(ranges.map(({ node }) => node));
    for (const [name, node] of this.#nodes) {
      if (used.has(node) || !node.isIdle) continue;
      node.close();
      this.#nodes.delete(name);
    }
  }

  #names(): string {
    return this.#seeds.map(addressText).join(',');
  }
}

function saysOutdated({ kind, code }: RedisFailure): boolean {
  return kind !== 'refused' || code === 'CLUSTERDOWN' || code === 'READONLY';
}
