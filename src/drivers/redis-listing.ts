import { setMaxListeners } from 'node:events';
import { AccountKeeperError } from '../core/errors.js';
import type { AccountPage } from './backend-connection.js';
import type { AccountKeys, KeyLayout } from './keyv-layout.js';
import type { Operation } from './operation.js';
import type { RedisLink } from './redis-link.js';
import type { RedisNode } from './redis-node.js';
import type { RedisTopology } from './redis-topology.js';

/** What is stored under the key of a head, and whether it can be that. */
export type RedisHead =
  | { readonly kind: 'none' }
  | { readonly kind: 'head'; readonly text: string }
  | { readonly kind: 'damaged'; readonly key: string | undefined; readonly found: string | undefined };

/** What a listing needs of the connection that it belongs to. */
export interface RedisListingReads {
  readHead(account: AccountKeys, operation: Operation): Promise<RedisHead>;
  /** Rejects unless a master answers. */
  probe(operation: Operation): Promise<void>;
}

/** Where a listing stands. */
interface Progress {
  /** Of the masters that the listing goes through. */
  version: string;
  /** The masters that it is through with. */
  done: string[];
  /** Whether all were scanned once, and those that keys move to are scanned a second time. */
  again: boolean;
  /** The connection on which the scan of the next master began; on another one it has to begin again. */
  link: number;
  /** Redis' cursor. */
  scan: string;
  /** The accounts of earlier pages: a scan can come across a key twice. */
  listed: string[];
}

const BEGINNING = { version: '', done: [], again: false, link: 0 };

interface Found {
  readonly id: string;
  readonly head: string | undefined;
}

const ACCOUNTS_PER_PAGE = 256;
const SCANS_PER_PAGE = 100;
const KEYS_PER_SCAN = '1000';

/**
 * Lists the accounts by scanning the keys of each master. A scan is good for the server that it began on, for as long
 * as that stays what it is: after a new connection it begins again, and after a change of the masters all do. While
 * slots move, keys do so, too, one way: those masters that slots move to are scanned once more when all were scanned.
 */
export class RedisListing {
  readonly #topology: RedisTopology;
  readonly #layout: KeyLayout;
  readonly #reads: RedisListingReads;
  readonly #links = new WeakMap<RedisLink, number>();
  #lastLink = 0;

  constructor(topology: RedisTopology, layout: KeyLayout, reads: RedisListingReads) {
    this.#topology = topology;
    this.#layout = layout;
    this.#reads = reads;
  }

  async page(cursor: string | undefined, operation: Operation): Promise<AccountPage> {
    // Each head that is read listens to the one signal.
    setMaxListeners(0, operation.signal);
    const progress: Progress = cursor === undefined ? { ...BEGINNING, scan: '0', listed: [] } : JSON.parse(cursor);
    // A replica can be scanned, but may lack accounts.
    if (cursor === undefined) await this.#reads.probe(operation);
    const listed = new Set(progress.listed);
    const accounts: Found[] = [];
    for (let scans = 0; accounts.length < ACCOUNTS_PER_PAGE && scans < SCANS_PER_PAGE; scans += 1) {
      operation.assertActive();
      const node = await this.#nextNode(progress, operation);
      if (node === undefined) return { accounts, next: undefined };
      const ids = (await this.#scan(node, progress, operation)).filter((id) => !listed.has(id));
      for (const id of ids) listed.add(id);
      accounts.push(...(await this.#present(ids, operation)));
    }
    return { accounts, next: JSON.stringify({ ...progress, listed: [...listed] }) };
  }

  /** The master to scan; `undefined` when all were, and are still the same. */
  async #nextNode(progress: Progress, operation: Operation): Promise<RedisNode | undefined> {
    const next = await this.#unfinished(progress, operation);
    if (next !== undefined) return next;
    if (!progress.again) {
      const late = (await this.#topology.importing(operation)).map(({ name }) => name);
      const done = progress.done.filter((name) => !late.includes(name));
      Object.assign(progress, { again: true, done });
      if (late.length > 0) return this.#nextNode(progress, operation);
    }
    this.#topology.forget();
    await this.#reads.probe(operation);
    return this.#unfinished(progress, operation);
  }

  async #unfinished(progress: Progress, operation: Operation): Promise<RedisNode | undefined> {
    const { nodes, version } = await this.#topology.masters(operation);
    if (version !== progress.version) Object.assign(progress, BEGINNING, { version });
    return nodes.find(({ name }) => !progress.done.includes(name));
  }

  async #scan(node: RedisNode, progress: Progress, operation: Operation): Promise<readonly string[]> {
    const { link, number, reply } = await node.work(operation, 'answers', async (link) => {
      const number = this.#numberOf(link);
      const from = progress.link === number ? progress.scan : '0';
      const command = ['SCAN', from, 'MATCH', this.#pattern(), 'COUNT', KEYS_PER_SCAN];
      return { link, number, reply: await link.send(command, operation) };
    });
    const [scan, keys] = Array.isArray(reply) ? (reply as readonly unknown[]) : [];
    if (typeof scan !== 'string' || !Array.isArray(keys)) {
      throw new AccountKeeperError(
        'UNAVAILABLE',
        `listing the accounts of Redis at ${link.address}: no list was received`,
      );
    }
    if (scan === '0') Object.assign(progress, { done: [...progress.done, node.name], link: 0 });
    else Object.assign(progress, { link: number, scan });
    return [...new Set(keys.map((key) => this.#accountOf(String(key))).filter((id) => id !== undefined))];
  }

  /** The keys of heads and of sets of record names. A prefix holds none of the characters that stand for others. */
  #pattern(): string {
    return `${this.#layout.prefix}:{*}:[hr]e*[ds]`;
  }

  #accountOf(key: string): string | undefined {
    const end = key.slice(key.indexOf('}:'));
    return end === '}:head' || end === '}:records' ? this.#layout.accountOf(key) : undefined;
  }

  async #present(ids: readonly string[], operation: Operation): Promise<readonly Found[]> {
    const heads = await Promise.all(
      ids.map(async (id) => ({ id, head: await this.#reads.readHead(this.#layout.account(id), operation) })),
    );
    return heads.flatMap(({ id, head }): readonly Found[] => {
      if (head.kind === 'none') return [];
      return [{ id, head: head.kind === 'head' ? head.text : undefined }];
    });
  }

  #numberOf(link: RedisLink): number {
    const known = this.#links.get(link);
    if (known !== undefined) return known;
    this.#lastLink += 1;
    this.#links.set(link, this.#lastLink);
    return this.#lastLink;
  }
}
