import { isUtf8 } from 'node:buffer';
import { AccountKeeperError } from '../../core/errors.js';
import type { Operation } from '../base/operation/operation.js';
import { RedisFailure } from './errors.js';
import type { RedisLink, RedisReplication, RedisReplyForm } from './link.js';
import type { RedisScript } from './scripts.js';

/** How a command is sent. */
export interface RedisSending {
  /** Whether the server has to be asked for a slot that moves. */
  readonly asking: boolean;
  readonly operation: Operation;
  /** Of the texts in the reply; the default is `text`. */
  readonly form?: RedisReplyForm;
}

/** A call of a script: its keys, its arguments, and how it is sent. */
export interface ScriptCall extends RedisSending {
  readonly script: RedisScript;
  readonly keys: readonly string[];
  readonly args: readonly string[];
  /** Of what the script writes. */
  readonly replication?: RedisReplication | undefined;
}

/**
 * Runs a script and returns the texts of its reply. It takes one round trip, except for the first time that a server
 * sees the script.
 */
export async function callScript(
  link: RedisLink,
  call: ScriptCall,
  command: 'EVALSHA' | 'EVAL' = 'EVALSHA',
): Promise<readonly string[]> {
  const { script, keys, args, asking, form, replication, operation } = call;
  const head = [command + script.ending, command === 'EVAL' ? script.source : script.sha, String(keys.length)];
  if (asking) ask(link, operation);
  const called = link.send(head.concat(keys, args, link.tellsRole ? 'role' : ''), operation, form);
  const copied = replication && link.replicated(replication, operation);
  copied?.catch(ignore);
  let reply: readonly string[];
  try {
    reply = textsOf(await called, link);
  } catch (error) {
    const isUnknown = error instanceof RedisFailure && error.code === 'NOSCRIPT';
    if (!isUnknown || command === 'EVAL') throw error;
    return callScript(link, call, 'EVAL');
  }
  if (replication !== undefined && reply[0] === 'done') await assertCopied(copied, replication, link);
  return reply;
}

/** The texts of several keys: '' where there is none. */
export async function getTexts(
  link: RedisLink,
  keys: readonly string[],
  { asking, operation, form }: RedisSending,
): Promise<readonly string[]> {
  if (asking) ask(link, operation);
  return textsOf(await link.send(['MGET', ...keys], operation, form), link);
}

/** Its result matters only when the command behind it has been executed. */
function ask(link: RedisLink, operation: Operation): void {
  link.send(['ASKING'], operation).catch(ignore);
}

function textsOf(reply: unknown, { address }: RedisLink): readonly string[] {
  if (!Array.isArray(reply)) throw new RedisFailure('lost', 'unexpected reply', address);
  return reply.map(textOf);
}

/**
 * The texts that a read finds. The client puts U+FFFD in place of bytes that are not UTF-8, which could pass for a valid
 * text; only where there is one are the bytes asked for, which take several times as long to get through.
 */
export async function exactTexts(
  read: (form: RedisReplyForm) => Promise<readonly string[]>,
): Promise<readonly string[]> {
  const texts = await read('text');
  return texts.some((text) => text.includes('\uFFFD')) ? read('bytes') : texts;
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

/** Bytes that are not UTF-8 become a text that the driver never writes. */
function textOf(part: unknown): string {
  if (typeof part === 'string') return part;
  if (!Buffer.isBuffer(part)) return '';
  return isUtf8(part) ? part.toString('utf8') : `not UTF-8, in base64: ${part.toString('base64')}`;
}

function ignore(): void {}
