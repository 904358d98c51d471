import { isUtf8 } from 'node:buffer';
import { AccountKeeperError } from '../../core/errors.js';
import type { Operation } from '../base/operation.js';
import { RedisFailure } from './errors.js';
import type { RedisLink, RedisReplication } from './link.js';
import type { RedisScript } from './scripts.js';

/** A call of a script: its keys, its arguments, and how it is sent. */
export interface ScriptCall {
  readonly script: RedisScript;
  readonly keys: readonly string[];
  readonly args: readonly string[];
  /** Whether the server has to be asked for a slot that moves. */
  readonly asking: boolean;
  /** Of what the script writes. */
  readonly replication: RedisReplication | undefined;
  readonly operation: Operation;
}

/**
 * Runs a script and returns the texts of its reply. Bytes that are not UTF-8 become a text that the driver never writes.
 * It takes one round trip, except for the first time that a server sees the script.
 */
export async function callScript(
  link: RedisLink,
  call: ScriptCall,
  command: 'EVALSHA' | 'EVAL' = 'EVALSHA',
): Promise<readonly string[]> {
  const { script, keys, args, asking, replication, operation } = call;
  // Their results matter only when the script has written something.
  if (asking) link.send(['ASKING'], operation).catch(ignore);
  const head = [command + script.ending, command === 'EVAL' ? script.source : script.sha, String(keys.length)];
  const called = link.send(head.concat(keys, args, link.tellsRole ? 'role' : ''), operation, 'bytes');
  const copied = replication && link.replicated(replication, operation);
  copied?.catch(ignore);
  let answer: unknown;
  try {
    answer = await called;
  } catch (error) {
    const isUnknown = error instanceof RedisFailure && error.code === 'NOSCRIPT';
    if (!isUnknown || command === 'EVAL') throw error;
    return callScript(link, call, 'EVAL');
  }
  if (!Array.isArray(answer)) throw new RedisFailure('lost', 'unexpected reply', link.address);
  const reply = answer.map(textOf);
  if (replication !== undefined && reply[0] === 'done') await assertCopied(copied, replication, link);
  return reply;
}

/** The script has run by now, so that a refusal to wait says nothing of what was written. */
async function assertCopied(
  copied: Promise<unknown> | undefined,
  { replicas, timeoutMs }: RedisReplication,
  { address }: RedisLink,
): Promise<void> {
  let count: number;
  try {
    count = Number(await copied);
  } catch (error) {
    if (error instanceof RedisFailure) throw new RedisFailure('lost', 'WAIT', address, error.cause);
    throw error;
  }
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

/** Decoding bytes that are not UTF-8 would turn them into another text, which could pass for a valid one. */
function textOf(part: unknown): string {
  if (!Buffer.isBuffer(part)) return '';
  return isUtf8(part) ? part.toString('utf8') : `not UTF-8, in base64: ${part.toString('base64')}`;
}

function ignore(): void {}
