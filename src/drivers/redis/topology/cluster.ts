import type { Operation } from '../../base/operation/operation.js';
import { addressText, type RedisAddress } from '../address.js';
import { RedisFailure } from '../errors.js';
import type { RedisLink } from '../link.js';
import type { RedisLinks } from '../links.js';
import type { RedisRedirection, RedisSource, RedisTopology, RedisView } from './servers.js';
import { slotOf } from './slots.js';
import { type Answers, RedisSurvey, reasonOf } from './survey.js';

interface Range {
  readonly from: number;
  readonly to: number;
  readonly master: RedisAddress;
  readonly replicas: readonly RedisAddress[];
}

/** How a server says that the slots are distributed. */
interface Told {
  /** `host:port` of the server. */
  readonly by: string;
  readonly ranges: readonly Range[];
  readonly version: string;
}

/** The masters of a cluster, each with its slots. */
export class ClusterTopology implements RedisTopology {
  readonly name: string;
  readonly #survey: RedisSurvey;
  readonly #seeds: ReadonlyMap<string, RedisAddress>;
  /** The masters and their replicas, as of the last view. One that takes over is the first to know. */
  #members: ReadonlyMap<string, RedisAddress> = new Map();

  constructor(seeds: readonly RedisAddress[], links: RedisLinks) {
    this.#seeds = byName(seeds);
    this.name = [...this.#seeds.keys()].join(',');
    this.#survey = new RedisSurvey(links);
  }

  /** The view that most servers share: one that was cut off has an old view. */
  async find(signal: AbortSignal): Promise<RedisView> {
    const told = await this.#ask(signal);
    const votes = (version: string): number => told.answers.filter((each) => each.version === version).length;
    const [most] = [...told.answers].sort((one, other) => votes(other.version) - votes(one.version));
    if (most === undefined) throw reasonOf(told) ?? new RedisFailure('unreachable', 'ETIMEDOUT', this.name);
    const { ranges, version } = most;
    this.#members = byName(ranges.flatMap(({ master, replicas }) => [master, ...replicas]));
    return {
      masters: [...byName(ranges.map(({ master }) => master)).values()],
      members: new Set(this.#members.keys()),
      version,
      masterOf: (key) => rangeOf(ranges, slotOf(key))?.master,
    };
  }

  /** A server that a slot moves to need not be its master yet. */
  async ask(signal: AbortSignal): Promise<(source: RedisSource) => boolean> {
    const { answers } = await this.#ask(signal);
    return ({ key, address, asking, isLate }) => {
      const names = ({ ranges }: Told): boolean =>
        asking
          ? ranges.some(({ master }) => addressText(master) === address)
          : ownerIn(ranges, slotOf(key)) === address;
      const others = answers.filter(({ by }) => by !== address);
      const heard = new Set(others.map(({ by }) => by).concat(address));
      const isEnough = isLate ? [...this.#members.keys()].every((each) => heard.has(each)) : others.length > 0;
      const isAlone = [...this.#seeds.keys(), ...this.#members.keys()].every((each) => each === address);
      return isAlone || (isEnough && others.every(names));
    };
  }

  redirection({ kind, cause }: RedisFailure, from: RedisAddress): RedisRedirection | undefined {
    if (kind !== 'refused' || !(cause instanceof Error)) return undefined;
    const [, verb, target] = /^(MOVED|ASK) \d+ (\S+)$/.exec(cause.message) ?? [];
    // A server that does not know how it is called leaves its own name out.
    const [, host, port] = /^(.*):(\d+)$/.exec(target ?? '') ?? [];
    if (port === undefined) return undefined;
    return { address: { host: host || from.host, port: Number(port) }, asking: verb === 'ASK' };
  }

  close(): void {}

  #ask(signal: AbortSignal): Promise<Answers<Told>> {
    return this.#survey.ask([...this.#seeds.values(), ...this.#members.values()], signal, askForSlots);
  }
}

async function askForSlots(link: RedisLink, operation: Operation): Promise<Told> {
  const reply = await link.send(['CLUSTER', 'SLOTS'], operation);
  if (!Array.isArray(reply) || reply.length === 0) {
    throw new RedisFailure('unreachable', 'UNREACHABLE', link.address, new Error('the server knows of no slots'));
  }
  const ranges = reply.map((entry: unknown) => readRange(entry, link.server));
  const version = ranges.map(({ from, to, master }) => `${from}-${to}@${addressText(master)}`).sort();
  return { by: link.address, ranges, version: version.join(',') };
}

/** From a list of the first slot, the last slot, and the servers, the master first, each a list that begins with host and port. */
function readRange(entry: unknown, teller: RedisAddress): Range {
  const [from, to, ...servers] = Array.isArray(entry) ? (entry as readonly unknown[]) : [];
  const [master = teller, ...replicas] = servers.map((server): RedisAddress => {
    const [host, port] = Array.isArray(server) ? (server as readonly unknown[]) : [];
    const isNamed = typeof host === 'string' && host !== '' && host !== '?';
    return { host: isNamed ? host : teller.host, port: Number(port) };
  });
  return { from: Number(from), to: Number(to), master, replicas };
}

function byName(servers: readonly RedisAddress[]): ReadonlyMap<string, RedisAddress> {
  return new Map(servers.map((server) => [addressText(server), server]));
}

function rangeOf(ranges: readonly Range[], slot: number): Range | undefined {
  return ranges.find(({ from, to }) => from <= slot && slot <= to);
}

function ownerIn(ranges: readonly Range[], slot: number): string | undefined {
  const range = rangeOf(ranges, slot);
  return range && addressText(range.master);
}
