import { setMaxListeners } from 'node:events';
import { AccountKeeperError } from '../../core/errors.js';
import type { AccountPage } from '../base/backend-connection.js';
import type { AccountKeys, KeyLayout } from '../base/key-layout.js';
import type { Operation } from '../base/operation/operation.js';
import { RedisFailure } from './errors.js';
import type { RedisLink } from './link.js';
import type { RedisServers } from './topology/servers.js';

/** The value under the key of a head, and whether it can be a head. */
export type RedisHead =
  | { readonly kind: 'none' }
  | { readonly kind: 'head'; readonly text: string }
  | { readonly kind: 'damaged'; readonly key: string | undefined; readonly found: string | undefined };

/** The reads that a listing needs from its connection. */
export interface RedisListingReads {
  readHead(account: AccountKeys, operation: Operation): Promise<RedisHead>;
  /** Rejects unless a master answers. */
  probe(operation: Operation): Promise<void>;
}

/** Where a listing stands. A scan, and what it has found, is good for the link that it was made on. */
interface Progress {
  /** Of the view that the listing goes by. */
  version: string;
  /** The numbers of the links to the masters that it is through with. */
  done: number[];
  /** Whether all were scanned once, and those that keys move to are scanned a second time. */
  again: boolean;
  /** The number of the link on which the scan of the next master began. */
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
  readonly #servers: RedisServers;
  readonly #layout: KeyLayout;
  readonly #reads: RedisListingReads;

  constructor(servers: RedisServers, layout: KeyLayout, reads: RedisListingReads) {
    this.#servers = servers;
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
      const link = await this.#next(progress, operation);
      if (link === undefined) return { accounts, next: undefined };
      const ids = (await this.#scan(link, progress, operation)).filter((id) => !listed.has(id));
      for (const id of ids) listed.add(id);
      accounts.push(...(await this.#present(ids, operation)));
    }
    return { accounts, next: JSON.stringify({ ...progress, listed: [...listed] }) };
  }

  /** The link to the master to scan; `undefined` when all were, and are still the same. */
  async #next(progress: Progress, operation: Operation): Promise<RedisLink | undefined> {
    const links = await this.#links(progress, operation);
    const next = unfinished(links, progress);
    if (next !== undefined) return next;
    if (!progress.again) {
      progress.again = true;
      const importing = await Promise.all(links.map((link) => isImporting(link, operation)));
      progress.done = progress.done.filter(
        (number) => !links.some((link, at) => link.number === number && importing[at]),
      );
      if (unfinished(links, progress) !== undefined) return this.#next(progress, operation);
    }
    this.#servers.forget();
    await this.#reads.probe(operation);
    return unfinished(await this.#links(progress, operation), progress);
  }

  async #links(progress: Progress, operation: Operation): Promise<readonly RedisLink[]> {
    const { masters, version } = await this.#servers.view(operation);
    if (version !== progress.version) Object.assign(progress, BEGINNING, { version });
    return Promise.all(masters.map((master) => this.#servers.link(master, operation)));
  }

  async #scan(link: RedisLink, progress: Progress, operation: Operation): Promise<readonly string[]> {
    const from = progress.link === link.number ? progress.scan : '0';
    const reply = await link.send(['SCAN', from, 'MATCH', this.#pattern(), 'COUNT', KEYS_PER_SCAN], operation);
    const [scan, keys] = Array.isArray(reply) ? (reply as readonly unknown[]) : [];
    if (typeof scan !== 'string' || !Array.isArray(keys)) {
      throw new AccountKeeperError(
        'UNAVAILABLE',
        `listing the accounts of Redis at ${link.address}: no list was received`,
      );
    }
    if (scan === '0') Object.assign(progress, { done: [...progress.done, link.number], link: 0 });
    else Object.assign(progress, { link: link.number, scan });
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
}

function unfinished(links: readonly RedisLink[], { done }: Progress): RedisLink | undefined {
  return links.find(({ number }) => !done.includes(number));
}

/**
 * Whether keys move to the server. Only a server itself knows: in its list of all, its own line has the slots that move,
 * as in `[5461-<-id of the other]`. One that is in no cluster, or may not be asked, has none.
 */
async function isImporting(link: RedisLink, operation: Operation): Promise<boolean> {
  try {
    const lines = String(await link.send(['CLUSTER', 'NODES'], operation)).split('\n');
    return lines.some((line) => line.includes('myself') && line.includes('-<-'));
  } catch (error) {
    if (error instanceof RedisFailure && error.kind === 'refused') return false;
    throw error;
  }
}
