import { AccountKeeperError } from '../../core/errors.js';
import type { DriverWarning } from '../../core/persistence-driver.js';
import type { AccessMode, AccountPage, BackendConnection, HeadSwap, StoredEntry } from '../base/backend-connection.js';
import { StoredTextError } from '../base/head-codec.js';
import type { AccountKeys, KeyLayout } from '../base/key-layout.js';
import type { Operation } from '../base/operation/operation.js';
import { readEntries } from './account-reader.js';
import { callScript, exactTexts } from './call.js';
import { redisError } from './errors.js';
import { KnownNames } from './known-names.js';
import type { RedisReplication, RedisReplyForm } from './link.js';
import { type RedisHead, RedisListing } from './listing.js';
import { FORGET, READS, type RedisScript, SWAP } from './scripts.js';
import type { RedisServers } from './topology/servers.js';
import { type RedisClaim, redisWarnings } from './warnings.js';

type KeysOfAccount = readonly [head: string, index: string];

/** The parts of a connection. */
export interface RedisConnectionParts {
  readonly servers: RedisServers;
  readonly layout: KeyLayout;
  readonly access: AccessMode;
  readonly replication?: RedisReplication | undefined;
  /** Texts that no error may contain. */
  readonly secrets: readonly string[];
}

/** How many names of records are remembered: they take up to 10 MB or so. */
const MOST_KNOWN_NAMES = 100_000;

/** The account part of keys that never exist: escaped account ids have no `:` in them. */
const NOBODY = ':';

/** A Redis server, or several of them, to which links are made as they are needed. */
export class RedisConnection implements BackendConnection {
  #warnings: readonly DriverWarning[] = [];
  readonly #parts: RedisConnectionParts;
  readonly #listing: RedisListing;
  readonly #names = new KnownNames(MOST_KNOWN_NAMES);

  constructor(parts: RedisConnectionParts) {
    this.#parts = parts;
    this.#listing = new RedisListing(parts.servers, parts.layout, {
      readHead: (account, operation) => this.#storedHead(account, operation),
      probe: (operation) => this.#probe(operation),
    });
  }

  get warnings(): readonly DriverWarning[] {
    return this.#warnings;
  }

  /** Makes sure that a master answers and that the user may do what the driver does; reads the servers' settings. */
  async verify(claim: RedisClaim, operation: Operation): Promise<void> {
    await this.#named('opening', operation, async () => {
      await this.#probe(operation);
      this.#warnings = await redisWarnings(this.#parts.servers, claim, operation);
    });
  }

  readHead(account: AccountKeys, operation: Operation): Promise<string | undefined> {
    return this.#named('reading from', operation, async () => {
      const head = await this.#storedHead(account, operation);
      if (head.kind === 'damaged') throw damaged(account, head.key, head.found);
      return head.kind === 'none' ? undefined : head.text;
    });
  }

  readAccount(account: AccountKeys, operation: Operation): Promise<readonly StoredEntry[]> {
    return this.#named('reading from', operation, async () => {
      const { account: script } = READS[this.#parts.access];
      const found = await this.#parts.servers.run(account.head, 'answers', operation, (link, asking) =>
        readEntries(link, { account, script, keys: keysOf(account), asking, operation }),
      );
      if (found.kind === 'damaged') throw damaged(account, found.key, found.found);
      return found.kind === 'none' ? [] : found.entries;
    });
  }

  async swap(account: AccountKeys, change: HeadSwap, operation: Operation): Promise<boolean> {
    const { servers, replication, secrets } = this.#parts;
    const use = replication === undefined ? 'answers' : 'waits';
    try {
      const [kind, key, found] = await servers.run(account.head, use, operation, (link, asking) => {
        // As late as that: many may wait for their turn.
        const { keys, args } = swapOf(account, change, this.#names.under(account.id, change.expected));
        return callScript(link, { script: SWAP, keys, args, asking, replication, operation });
      });
      if (kind === 'damaged') throw damaged(account, key, found);
      if (kind === 'done') this.#names.note(account.id, change);
      return kind === 'done';
    } catch (error) {
      throw redisError(error, 'writing to', operation.kind, secrets);
    }
  }

  forget(account: AccountKeys, head: string, operation: Operation): Promise<boolean> {
    return this.#named('writing to', operation, async () => {
      this.#names.forget(account.id);
      const [kind, key, found] = await this.#call(FORGET, keysOf(account), [head], operation);
      if (kind === 'damaged') throw damaged(account, key, found);
      return kind === 'done';
    });
  }

  listAccounts(cursor: string | undefined, operation: Operation): Promise<AccountPage> {
    return this.#named('listing the accounts of', operation, () => this.#listing.page(cursor, operation));
  }

  async disconnect(): Promise<void> {
    this.#parts.servers.close();
  }

  async #probe(operation: Operation): Promise<void> {
    const part = `${this.#parts.layout.prefix}:{${NOBODY}}`;
    await this.#readHead([`${part}:head`, `${part}:records`], operation);
  }

  async #storedHead(account: AccountKeys, operation: Operation): Promise<RedisHead> {
    const [kind, ...rest] = await this.#readHead(keysOf(account), operation);
    if (kind === 'head') return { kind, text: rest[0] ?? '' };
    return kind === 'none' ? { kind } : { kind: 'damaged', key: rest[0], found: rest[1] };
  }

  #readHead(keys: KeysOfAccount, operation: Operation): Promise<readonly string[]> {
    const { head: script } = READS[this.#parts.access];
    return exactTexts((form) => this.#call(script, keys, [], operation, form));
  }

  #call(
    script: RedisScript,
    keys: KeysOfAccount,
    args: readonly string[],
    operation: Operation,
    form: RedisReplyForm = 'text',
  ): Promise<readonly string[]> {
    return this.#parts.servers.run(keys[0], 'answers', operation, (link, asking) =>
      callScript(link, { script, keys, args, asking, operation, form }),
    );
  }

  async #named<T>(doing: string, operation: Operation, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw redisError(error, doing, operation.kind, this.#parts.secrets);
    }
  }
}

/** The keys and arguments of the script. */
function swapOf(
  account: AccountKeys,
  { expected, next, upserts, deletes }: HeadSwap,
  known: ReadonlySet<string>,
): { readonly keys: readonly string[]; readonly args: readonly string[] } {
  const { recordPrefix } = account;
  const keys: string[] = [...keysOf(account)];
  const args = [expected ?? '', next, String(upserts.size)];
  const fresh: string[] = [];
  for (const [name, text] of upserts) {
    keys.push(recordPrefix + name);
    args.push(text);
    if (!known.has(name)) fresh.push(name);
  }
  for (const name of fresh) args.push(name);
  for (const name of deletes) {
    keys.push(recordPrefix + name);
    args.push(name);
  }
  return { keys, args };
}

/** The key of the head, and that of the set of the names of the account's records. */
function keysOf({ head }: AccountKeys): KeysOfAccount {
  return [head, `${head.slice(0, -'head'.length)}records`];
}

function damaged(account: AccountKeys, key: string | undefined, found: string | undefined): AccountKeeperError {
  const message =
    `account ${JSON.stringify(account.id)} is damaged: under ${JSON.stringify(key)} there is ` +
    `${found === 'none' ? 'nothing that this library wrote' : `a ${found}`}. ` +
    'Somebody else has changed or removed it, or the server has evicted it';
  return new AccountKeeperError('CORRUPT', message, { cause: new StoredTextError(key ?? account.head, '') });
}
