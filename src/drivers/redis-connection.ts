import { AccountKeeperError } from '../core/errors.js';
import type { DriverWarning } from '../core/persistence-driver.js';
import type { AccountPage, BackendConnection, HeadSwap, StoredEntry } from './backend-connection.js';
import { StoredTextError } from './head-codec.js';
import type { AccountKeys, KeyLayout } from './keyv-layout.js';
import type { Operation } from './operation.js';
import { RedisFailure, redisError } from './redis-errors.js';
import type { RedisLink } from './redis-link.js';
import { type RedisHead, RedisListing } from './redis-listing.js';
import { READ_ACCOUNT, READ_HEAD, type RedisScript, SWAP } from './redis-scripts.js';
import type { RedisTopology } from './redis-topology.js';
import { type RedisClaim, redisWarnings } from './redis-warnings.js';

/** How many replicas have to have a commit before it is acknowledged, and how long they may take. */
export interface RedisReplication {
  readonly replicas: number;
  readonly timeoutMs: number;
}

/** What a connection is made of. */
export interface RedisConnectionParts {
  readonly topology: RedisTopology;
  readonly layout: KeyLayout;
  readonly replication?: RedisReplication | undefined;
  /** What no error may hold. */
  readonly secrets: readonly string[];
}

/** What one command can carry on every supported server. */
const MAX_ARGUMENTS = 1_000_000;

/** The account part of keys that never exist: escaped account ids have no `:` in them. */
const NOBODY = ':';

/** A Redis server, or several of them, to which links are made as they are needed. */
export class RedisConnection implements BackendConnection {
  #warnings: readonly DriverWarning[] = [];
  readonly #parts: RedisConnectionParts;
  readonly #listing: RedisListing;

  constructor(parts: RedisConnectionParts) {
    this.#parts = parts;
    this.#listing = new RedisListing(parts.topology, parts.layout, {
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
      this.#warnings = await redisWarnings(this.#parts.topology, claim, operation);
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
      const call = { keys: keysOf(account), args: [account.recordPrefix] };
      const [kind, ...rest] = await this.#run(READ_ACCOUNT, call, operation);
      if (kind === 'damaged') throw damaged(account, rest[0], rest[1]);
      if (kind === 'none') return [];
      const [head = '', ...records] = rest;
      const entries: StoredEntry[] = [{ key: account.head, text: head }];
      for (let index = 0; index < records.length; index += 2) {
        entries.push({ key: account.recordPrefix + records[index], text: records[index + 1] ?? '' });
      }
      return entries;
    });
  }

  swap(account: AccountKeys, change: HeadSwap, operation: Operation): Promise<boolean> {
    return this.#named('writing to', operation, async () => {
      const { expected, next, upserts, deletes } = change;
      const names = [...upserts.keys(), ...deletes];
      const call = {
        keys: [...keysOf(account), ...names.map((name) => account.recordPrefix + name)],
        args: [
          ...(expected === undefined ? ['none', ''] : ['head', expected]),
          next,
          String(upserts.size),
          String(account.recordPrefix.length),
          ...upserts.values(),
        ],
      };
      if (call.keys.length + call.args.length > MAX_ARGUMENTS) throw tooMany(names.length);
      const [kind, key, found] = await this.#run(SWAP, call, operation);
      if (kind === 'damaged') throw damaged(account, key, found);
      return kind === 'done';
    });
  }

  listAccounts(cursor: string | undefined, operation: Operation): Promise<AccountPage> {
    return this.#named('listing the accounts of', operation, () => this.#listing.page(cursor, operation));
  }

  async disconnect(): Promise<void> {
    this.#parts.topology.close();
  }

  async #probe(operation: Operation): Promise<void> {
    const part = `${this.#parts.layout.prefix}:{${NOBODY}}`;
    await this.#run(READ_HEAD, { keys: [`${part}:head`, `${part}:records`], args: [] }, operation);
  }

  async #storedHead(account: AccountKeys, operation: Operation): Promise<RedisHead> {
    const [kind, ...rest] = await this.#run(READ_HEAD, { keys: keysOf(account), args: [] }, operation);
    if (kind === 'head') return { kind, text: rest[0] ?? '' };
    return kind === 'none' ? { kind } : { kind: 'damaged', key: rest[0], found: rest[1] };
  }

  #run(script: RedisScript, call: ScriptCall, operation: Operation): Promise<readonly string[]> {
    const { topology, replication } = this.#parts;
    const [key = ''] = call.keys;
    return topology.run(key, operation, (link, asking) => {
      const given: Sending = { link, operation, asking, replication: script === SWAP ? replication : undefined };
      return execute(script, call, given);
    });
  }

  async #named<T>(doing: string, operation: Operation, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw redisError(error, doing, operation.kind, this.#parts.secrets);
    }
  }
}

interface ScriptCall {
  readonly keys: readonly string[];
  readonly args: readonly string[];
}

interface Sending {
  readonly link: RedisLink;
  readonly operation: Operation;
  readonly asking: boolean;
  readonly replication: RedisReplication | undefined;
}

/** The key of the head, and that of the set of the names of the account's records. */
function keysOf({ head, range }: AccountKeys): readonly [head: string, index: string] {
  return [head, `${range.from}records`];
}

/** In one round trip, but for the first time that a server sees the script. */
async function execute(script: RedisScript, call: ScriptCall, sending: Sending): Promise<readonly string[]> {
  try {
    return await send(['EVALSHA', script.sha], call, sending);
  } catch (error) {
    if (!(error instanceof RedisFailure) || error.code !== 'NOSCRIPT') throw error;
    return send(['EVAL', script.source], call, sending);
  }
}

async function send(command: readonly string[], { keys, args }: ScriptCall, sending: Sending): Promise<string[]> {
  const { link, operation, asking, replication } = sending;
  const asked = asking ? link.send(['ASKING'], operation) : undefined;
  const called = link.send([...command, String(keys.length), ...keys, ...args], operation);
  const copied =
    replication && link.send(['WAIT', String(replication.replicas), String(replication.timeoutMs)], operation);
  // What comes of these is of interest only when the script has done something.
  for (const aside of [asked, copied]) aside?.catch(ignore);
  const reply = await called;
  if (!Array.isArray(reply)) throw new RedisFailure('lost', 'unexpected reply', link.address);
  const [kind] = reply;
  if (replication !== undefined && kind === 'done') await assertCopied(Number(await waited(copied)), replication, link);
  return reply.map((each) => (typeof each === 'string' ? each : ''));
}

/** The script has run by now, so that a refusal to wait says nothing of what was written. */
async function waited(copied: Promise<unknown> | undefined): Promise<unknown> {
  try {
    return await copied;
  } catch (error) {
    if (error instanceof RedisFailure) throw new RedisFailure('lost', 'WAIT', error.address, error.cause);
    throw error;
  }
}

function assertCopied(count: number, { replicas, timeoutMs }: RedisReplication, { address }: RedisLink): void {
  if (count >= replicas) return;
  throw new AccountKeeperError(
    'UNAVAILABLE',
    `writing to Redis at ${address}: ${count} of ${replicas} replicas have the commit after ${timeoutMs} ms`,
    {
      outcome: 'unknown',
      retryable: true,
      cause: new Error(`WAIT ${replicas} ${timeoutMs} was answered with ${count}`),
    },
  );
}

function damaged(account: AccountKeys, key: string | undefined, found: string | undefined): AccountKeeperError {
  const message =
    `account ${JSON.stringify(account.id)} is damaged: under ${JSON.stringify(key)} there is ` +
    `${found === 'none' || found === 'no text' ? 'nothing that this library wrote' : `a ${found}`}. ` +
    'Somebody else has changed or removed it, or the server has evicted it';
  return new AccountKeeperError('CORRUPT', message, { cause: new StoredTextError(key ?? account.head, '') });
}

function tooMany(records: number): AccountKeeperError {
  return new AccountKeeperError(
    'TOO_LARGE',
    `received a commit of ${records} records, allowed are as many as fit into ${MAX_ARGUMENTS} arguments of a command`,
  );
}

function ignore(): void {}
