import { Coalescer } from '../../../core/shared/coalescer.js';
import { SingleFlight } from '../../../core/shared/single-flight.js';
import { type Operation, untilEnd } from '../../base/operation/operation.js';
import { addressText, type RedisAddress } from '../address.js';
import { isDemoted, LATE_ANSWER, RedisFailure } from '../errors.js';
import type { RedisLink } from '../link.js';
import type { RedisLinks, RedisLinkUse } from '../links.js';

/** How often one piece of work is sent on to another server. */
const MAX_HOPS = 5;

/**
 * Milliseconds without a sign of life of the master after which its answer is in doubt: they are enough for it to have
 * stood still, for another one to have taken its place, and for the former one to go on and not to know of it yet.
 */
const DOUBT_AFTER_MS = 500;

/** Who answered, to be held against what the others say. */
export interface RedisSource {
  readonly key: string;
  /** The `address` of the link. */
  readonly address: string;
  readonly asking: boolean;
  /** The answer took so long that the server may have been replaced just now, and not everybody knows of it yet. */
  readonly isLate: boolean;
}

/** Which servers are masters, as somebody sees it at one time. */
export interface RedisView {
  readonly masters: readonly RedisAddress[];
  /** All servers that belong to it, as `host:port`. */
  readonly members: ReadonlySet<string>;
  /** Differs when other servers have become masters, or have got other slots. */
  readonly version: string;
  /** `undefined` when none is responsible for the key. */
  masterOf(key: string): RedisAddress | undefined;
}

/** Another server than the one that was asked. */
export interface RedisRedirection {
  readonly address: RedisAddress;
  readonly asking: boolean;
}

/** Those who know which servers are masters. */
export interface RedisTopology {
  /** How messages call the whole. */
  readonly name: string;
  /** Asks for a view. @throws RedisFailure */
  find(signal: AbortSignal): Promise<RedisView>;
  /** Asks all who decide which server is the master, at once. The result tells whether an answer came from the master. */
  ask(signal: AbortSignal): Promise<(source: RedisSource) => boolean>;
  /** Where a server that refused sends the work to. */
  redirection(failure: RedisFailure, from: RedisAddress): RedisRedirection | undefined;
  /** Ends what it has of its own. */
  close(): void;
}

/** Brings work to the masters. What is known of them is thrown away when anything breaks, and found again when needed. */
export class RedisServers {
  readonly #topology: RedisTopology;
  readonly #links: RedisLinks;
  readonly #finding = new SingleFlight<RedisView>();
  readonly #closing = new AbortController();
  readonly #confirming: Coalescer<(source: RedisSource) => boolean>;
  #view: RedisView | undefined;

  constructor(topology: RedisTopology, links: RedisLinks) {
    this.#topology = topology;
    this.#links = links;
    this.#confirming = new Coalescer(() => topology.ask(this.#closing.signal));
  }

  /**
   * Does the work at the master of the key, and again elsewhere when a server says that it was done nowhere yet.
   *
   * @param work `asking` when the server has to be asked for a slot that moves
   */
  async run<T>(
    key: string,
    use: RedisLinkUse,
    operation: Operation,
    work: (link: RedisLink, asking: boolean) => Promise<T>,
  ): Promise<T> {
    let redirection: RedisRedirection | undefined;
    for (let hop = 0; ; hop += 1) {
      operation.assertActive();
      const known = this.#view;
      const address = redirection?.address ?? this.#viewNow()?.masterOf(key) ?? (await this.#masterOf(key, operation));
      const mayBeOld = known !== undefined && known === this.#view;
      try {
        const link = this.#links.present(address, use) ?? (await this.#links.get(address, operation.signal, use));
        const asking = redirection?.asking === true;
        if (!link.places.take()) await link.places.wait(operation);
        const sentAt = performance.now();
        let result: T;
        try {
          result = await work(link, asking);
        } finally {
          link.places.leave();
        }
        const waitedMs = performance.now() - sentAt;
        if (sentAt + waitedMs - link.provenAt > DOUBT_AFTER_MS) {
          const source = { key, asking, address: link.address, isLate: waitedMs > DOUBT_AFTER_MS };
          await this.#confirm(source, link, operation);
        }
        link.provenAt = Math.max(sentAt, link.provenAt);
        return result;
      } catch (error) {
        if (!(error instanceof RedisFailure)) throw error;
        if (isDemoted(error)) this.#links.retire(addressText(address));
        redirection = this.#topology.redirection(error, address);
        // A server that sends the work on for good has a newer view than ours; one that broke is perhaps replaced.
        if (redirection?.asking !== true && (redirection !== undefined || saysOutdated(error))) this.forget();
        const goesOn = redirection !== undefined || (hop === 0 && mayBeOld && isMisdirected(error));
        if (!goesOn || hop >= MAX_HOPS) throw error;
      }
    }
  }

  /** The masters, as they are known now. */
  view({ signal }: Operation): Promise<RedisView> {
    return this.#find(signal);
  }

  /** A link to one of the masters. @throws RedisFailure `unreachable` */
  link(address: RedisAddress, { signal }: Operation): Promise<RedisLink> {
    return this.#links.get(address, signal);
  }

  /** Makes `view` and `run` look anew. */
  forget(): void {
    this.#view = undefined;
  }

  /** Ends all links. */
  close(): void {
    this.#closing.abort(new Error('the driver was closed'));
    this.#finding.cancel();
    this.#topology.close();
    this.#links.close();
  }

  /**
   * Whether those who decide that, all asked after the call, still take the server for the master of the key. A master
   * that was replaced while it stood still does not know of it when it goes on. One who names another server decides.
   * Those who say nothing are passed over, unless the answer was late: then they may be the only ones who know.
   */
  async #confirm(source: RedisSource, link: RedisLink, operation: Operation): Promise<void> {
    let reason: unknown;
    try {
      const isMaster = await untilEnd(operation, () => this.#confirming.next());
      if (isMaster(source)) return;
      reason = new Error('another server may be the master now');
    } catch (error) {
      reason = error;
    }
    link.retire();
    this.forget();
    // A read can be repeated elsewhere.
    throw new RedisFailure(operation.kind === 'read' ? 'unreachable' : 'lost', LATE_ANSWER, link.address, reason);
  }

  async #masterOf(key: string, { signal }: Operation): Promise<RedisAddress> {
    const master = (await this.#find(signal)).masterOf(key);
    if (master !== undefined) return master;
    this.forget();
    throw new RedisFailure('unreachable', 'UNREACHABLE', this.#topology.name, new Error(`no master serves ${key}`));
  }

  /** The view, unless a link broke since: a master may have been replaced. */
  #viewNow(): RedisView | undefined {
    if (this.#links.hasBroken) this.forget();
    return this.#view;
  }

  async #find(signal: AbortSignal): Promise<RedisView> {
    const present = this.#viewNow();
    if (present !== undefined) return present;
    return this.#finding.join(signal, async (given) => {
      this.#view = await this.#topology.find(given);
      this.#links.keepOnly(this.#view.members);
      return this.#view;
    });
  }
}

/** One master, for all keys. */
export function viewOf(master: RedisAddress): RedisView {
  const name = addressText(master);
  return { masters: [master], members: new Set([name]), version: name, masterOf: () => master };
}

/** One server, or a name that leads to one server at a time: nobody else is there to be asked. */
export function singleTopology(address: RedisAddress): RedisTopology {
  return {
    name: addressText(address),
    find: async () => viewOf(address),
    ask: async () => () => true,
    redirection: () => undefined,
    close: () => undefined,
  };
}

/** Whether the work was certainly not done, by a server that is perhaps not the right one any more. */
function isMisdirected(failure: RedisFailure): boolean {
  return isDemoted(failure) || failure.kind === 'unreachable';
}

function saysOutdated(failure: RedisFailure): boolean {
  return failure.kind !== 'refused' || failure.code === 'CLUSTERDOWN' || isDemoted(failure);
}
