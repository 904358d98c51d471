import { addressText, type RedisAddress } from '../address.js';
import { RedisFailure } from '../errors.js';
import type { RedisLink } from '../link.js';
import type { RedisLinks } from '../links.js';
import { type RedisSource, type RedisTopology, type RedisView, viewOf } from './servers.js';
import { type Answers, RedisSurvey, reasonOf } from './survey.js';

interface Claim {
  readonly epoch: number;
  readonly address: RedisAddress;
}

/** A master that sentinels watch over. */
export class SentinelTopology implements RedisTopology {
  readonly name: string;
  readonly #sentinels: ReadonlyMap<string, RedisAddress>;
  readonly #masterName: string;
  readonly #links: RedisLinks;
  readonly #survey: RedisSurvey;

  /** @param links to the sentinels */
  constructor(sentinels: readonly RedisAddress[], masterName: string, links: RedisLinks) {
    this.#sentinels = new Map(sentinels.map((each) => [addressText(each), each]));
    this.name = [...this.#sentinels.keys()].join(',');
    this.#masterName = masterName;
    this.#links = links;
    this.#survey = new RedisSurvey(links);
  }

  /** The address that the sentinels name, or of two that they name the one that was agreed on later. */
  async find(signal: AbortSignal): Promise<RedisView> {
    const claims = await this.#claims(signal);
    const [latest] = [...claims.answers].sort((one, other) => other.epoch - one.epoch);
    if (latest === undefined) throw reasonOf(claims) ?? new RedisFailure('unreachable', 'ETIMEDOUT', this.name);
    return viewOf(latest.address);
  }

  async ask(signal: AbortSignal): Promise<(source: RedisSource) => boolean> {
    const { answers, failures } = await this.#claims(signal);
    if (answers.length === 0) throw failures[0];
    return ({ address, isLate }) =>
      (answers.length === this.#sentinels.size || !isLate) &&
      answers.every((claim) => addressText(claim.address) === address);
  }

  redirection(): undefined {}

  close(): void {
    this.#links.close();
  }

  #claims(signal: AbortSignal): Promise<Answers<Claim>> {
    return this.#survey.ask(this.#sentinels.values(), signal, async (link, operation) => {
      // Only the second answer names a new master from the moment on at which it is one. The first one has the epoch.
      const asked = ['MASTER', 'GET-MASTER-ADDR-BY-NAME'].map((question) =>
        link.send(['SENTINEL', question, this.#masterName], operation),
      );
      const [known, named] = await Promise.all(asked);
      return claimOf(known, named, link);
    });
  }
}

/** From a list of names and values, and one of host and port. */
function claimOf(known: unknown, named: unknown, { address }: RedisLink): Claim {
  const textsOf = (reply: unknown): readonly string[] => (Array.isArray(reply) ? reply.map(String) : []);
  const list = textsOf(known);
  const [host, digits] = textsOf(named);
  const port = Number(digits);
  if (host === undefined || !Number.isInteger(port) || port <= 0) {
    throw new RedisFailure('unreachable', 'UNREACHABLE', address, new Error('the sentinel names no master'));
  }
  const at = list.findIndex((each, index) => index % 2 === 0 && each === 'config-epoch');
  return { epoch: Number(list[at + 1]) || 0, address: { host, port } };
}
