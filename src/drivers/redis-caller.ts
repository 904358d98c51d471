import { isUtf8 } from 'node:buffer';
import { AccountKeeperError } from '../core/errors.js';
import type { Operation } from './operation.js';
import { RedisFailure } from './redis-errors.js';
import type { RedisLink } from './redis-link.js';
import { type RedisScript, SWAP } from './redis-scripts.js';
import type { RedisServers } from './redis-servers.js';
import { SharedRuns } from './shared-runs.js';

/** How many replicas have to have a commit before it is acknowledged, and how long they may take. */
export interface RedisReplication {
  readonly replicas: number;
  readonly timeoutMs: number;
}

/** What a script is called with. */
export interface ScriptCall {
  readonly keys: readonly string[];
  readonly args: readonly string[];
}

interface Sending {
  readonly link: RedisLink;
  readonly signal: AbortSignal;
  readonly asking: boolean;
  /** Sends something after the script, and waits for it. */
  readonly after: (() => Promise<unknown>) | undefined;
}

/** Calls scripts at the master of their first key. */
export class RedisCaller {
  readonly #servers: RedisServers;
  readonly #replication: RedisReplication | undefined;
  readonly #waits = new WeakMap<RedisLink, SharedRuns<unknown>>();

  constructor(servers: RedisServers, replication: RedisReplication | undefined) {
    this.#servers = servers;
    this.#replication = replication;
  }

  /** The texts that the script replies with; in the place of bytes that are no text, one that is nothing of ours. */
  call(script: RedisScript, call: ScriptCall, operation: Operation): Promise<readonly string[]> {
    const [key = ''] = call.keys;
    const replication = script === SWAP ? this.#replication : undefined;
    return this.#servers.run({
      key,
      operation,
      use: replication === undefined ? 'answers' : 'waits',
      work: async (link, asking) => {
        const after = replication && (() => link.awaited(this.#waitsOf(link, replication).next(), operation.signal));
        const { reply, copies } = await execute(script, call, { link, signal: operation.signal, asking, after });
        if (replication !== undefined && copies !== undefined) assertCopied(Number(copies), replication, link);
        return reply;
      },
    });
  }

  /** One WAIT is for all that was sent over the link before it. */
  #waitsOf(link: RedisLink, { replicas, timeoutMs }: RedisReplication): SharedRuns<unknown> {
    const waits =
      this.#waits.get(link) ?? new SharedRuns(() => link.transmit(['WAIT', String(replicas), String(timeoutMs)]));
    this.#waits.set(link, waits);
    return waits;
  }
}

interface Outcome {
  readonly reply: readonly string[];
  /** What came of what was sent after the script, if the script has done something. */
  readonly copies?: unknown;
}

/** In one round trip, but for the first time that a server sees the script. */
async function execute(script: RedisScript, call: ScriptCall, sending: Sending): Promise<Outcome> {
  try {
    return await send([`EVALSHA${script.ending}`, script.sha], call, sending);
  } catch (error) {
    if (!(error instanceof RedisFailure) || error.code !== 'NOSCRIPT') throw error;
    return send([`EVAL${script.ending}`, script.source], call, sending);
  }
}

async function send(command: readonly string[], { keys, args }: ScriptCall, sending: Sending): Promise<Outcome> {
  const { link, signal, asking, after } = sending;
  const asked = asking ? link.send(['ASKING'], signal) : undefined;
  const told = [...args, link.tellsRole ? 'role' : ''];
  const called = link.send([...command, String(keys.length), ...keys, ...told], signal, 'bytes');
  const copied = after?.();
  // What comes of these is of interest only when the script has done something.
  for (const aside of [asked, copied]) aside?.catch(ignore);
  const answer = await called;
  if (!Array.isArray(answer)) throw new RedisFailure('lost', 'unexpected reply', link.address);
  const reply = answer.map(textOf);
  return copied !== undefined && reply[0] === 'done' ? { reply, copies: await waited(copied) } : { reply };
}

/** The script has run by now, so that a refusal to wait says nothing of what was written. */
async function waited(copied: Promise<unknown>): Promise<unknown> {
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

/** Decoding bytes that are not UTF-8 would make another text of them, which could pass for one of ours. */
function textOf(part: unknown): string {
  if (!Buffer.isBuffer(part)) return '';
  return isUtf8(part) ? part.toString('utf8') : `not UTF-8, in base64: ${part.toString('base64')}`;
}

function ignore(): void {}
