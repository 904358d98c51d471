import { setMaxListeners } from 'node:events';
import { AccountKeeperError } from '../core/errors.js';
import type { DriverWarning } from '../core/persistence-driver.js';
import type { Operation } from './operation.js';
import { RedisFailure } from './redis-errors.js';
import type { RedisLink } from './redis-link.js';
import type { RedisNode } from './redis-node.js';
import type { RedisSettings } from './redis-settings.js';
import type { RedisTopology } from './redis-topology.js';

/** What the driver claims, for the settings of the servers to be held against. */
export type RedisClaim = Pick<RedisSettings, 'durability' | 'replicas' | 'allowEviction' | 'allowVolatile'>;

interface Finding {
  readonly code: string;
  readonly text: string;
}

type Settings = ReadonlyMap<string, string>;

const PARAMETERS = 'maxmemory maxmemory-policy appendonly appendfsync no-appendfsync-on-rewrite save'.split(' ');

/**
 * What in the settings of the masters can lose what was acknowledged; one warning for each kind.
 *
 * @throws `UNAVAILABLE` or `CONFIG` when the loss would not even be noticed
 */
export async function redisWarnings(
  topology: RedisTopology,
  claim: RedisClaim,
  operation: Operation,
): Promise<readonly DriverWarning[]> {
  // Each question listens to the one signal.
  setMaxListeners(0, operation.signal);
  const { nodes } = await topology.masters(operation);
  const findings = await Promise.all(
    nodes.map(async (node) => ({ node, found: await examine(node, claim, operation) })),
  );
  const byCode = new Map<string, DriverWarning>();
  for (const { node, found } of findings) {
    for (const { code, text } of found) {
      const others = byCode.get(code);
      byCode.set(code, {
        code,
        message: others === undefined ? `${node.name}: ${text}` : `${node.name}, ${others.message}`,
      });
    }
  }
  return [...byCode.values()];
}

/** @throws `UNAVAILABLE`, `CONFIG` */
async function examine(node: RedisNode, claim: RedisClaim, operation: Operation): Promise<readonly Finding[]> {
  try {
    const link = await node.link(operation.signal);
    const { settings, complete } = await readSettings(link, operation);
    return [
      ...eviction(node.name, settings, claim),
      ...persistence(node.name, settings, claim),
      ...replication(settings, claim),
      ...(complete ? [] : [unverified('the user may not read all settings')]),
    ];
  } catch (error) {
    if (!(error instanceof RedisFailure) || operation.signal.aborted) throw error;
    return [unverified(`the server could not be asked for its settings (${error.code})`)];
  }
}

/** From CONFIG, and from INFO where the user may not use CONFIG: INFO does not have all of them. */
async function readSettings(
  link: RedisLink,
  operation: Operation,
): Promise<{ readonly settings: Settings; readonly complete: boolean }> {
  const settings = new Map<string, string>();
  const info = parsedInfo(await unlessRefused(link.send(['INFO'], operation)));
  for (const name of ['maxmemory', 'connected_slaves'] as const) copy(info, name, settings, name);
  copy(info, 'maxmemory_policy', settings, 'maxmemory-policy');
  const enabled = info.get('aof_enabled');
  if (enabled !== undefined) settings.set('appendonly', enabled === '1' ? 'yes' : 'no');
  const replies = await Promise.all(
    PARAMETERS.map((name) => unlessRefused(link.send(['CONFIG', 'GET', name], operation))),
  );
  let complete = true;
  for (const [index, name] of PARAMETERS.entries()) {
    const reply = replies[index];
    if (Array.isArray(reply) && typeof reply[1] === 'string') settings.set(name, reply[1]);
    else complete = false;
  }
  return { settings, complete };
}

/** `undefined` when the server does not answer such questions. */
async function unlessRefused(sent: Promise<unknown>): Promise<unknown> {
  try {
    return await sent;
  } catch (error) {
    if (error instanceof RedisFailure && error.kind === 'refused') return undefined;
    throw error;
  }
}

/** @throws `UNAVAILABLE` where any key may be evicted: a head and an index together, and the account looks empty */
function eviction(name: string, settings: Settings, { allowEviction }: RedisClaim): readonly Finding[] {
  const policy = settings.get('maxmemory-policy') ?? 'noeviction';
  const limit = settings.get('maxmemory') ?? '0';
  if (policy === 'noeviction') return [];
  const isLimited = limit !== '0';
  if (policy.startsWith('allkeys-') && isLimited && !allowEviction) {
    throw new AccountKeeperError(
      'UNAVAILABLE',
      `opening Redis at ${name}: maxmemory-policy is ${policy} with a maxmemory of ${limit} bytes, so that an account ` +
        'can be evicted and look empty, which allowEviction: false does not put up with. Set it to noeviction',
      { retryable: false },
    );
  }
  const what = policy.startsWith('volatile-') ? 'keys with a time to live' : 'what was stored';
  const when = isLimited ? `with a maxmemory of ${limit} bytes` : 'when there is a limit (maxmemory is 0 now)';
  const text = `maxmemory-policy is ${policy}: the server may evict ${what} ${when}. Set it to noeviction`;
  return [{ code: 'eviction-possible', text }];
}

/** @throws `CONFIG` where a master that comes back before it is replaced makes its replicas forget what they had */
function persistence(name: string, settings: Settings, claim: RedisClaim): readonly Finding[] {
  const { durability, allowVolatile } = claim;
  const appends = settings.get('appendonly');
  const fsync = settings.get('appendfsync');
  const findings: Finding[] = [];
  if (appends === 'no' && settings.get('save') === '') {
    const text = 'neither an append-only file nor snapshots are configured: a restart of the server loses everything';
    findings.push({ code: 'no-persistence', text });
  }
  if (durability === 'process') return findings;
  if (durability === 'replicated' && appends === 'no' && !allowVolatile) {
    throw new AccountKeeperError(
      'CONFIG',
      `opening Redis at ${name}: durability replicated expected appendonly yes, received appendonly no: a restart of ` +
        'the master undoes acknowledged commits on its replicas as well. Set it, or allowVolatile: true',
    );
  }
  if (appends !== 'yes' || fsync !== 'always') {
    const text =
      `appendonly is ${appends ?? 'not known'} and appendfsync is ${fsync ?? 'not known'}: the last acknowledged ` +
      'commits can be lost when the host fails. Set them to yes and always';
    findings.push({ code: 'append-only-not-always', text });
  } else if (settings.get('no-appendfsync-on-rewrite') === 'yes') {
    const text = 'no-appendfsync-on-rewrite is yes: while a file is rewritten, nothing is synced. Set it to no';
    findings.push({ code: 'no-sync-during-rewrite', text });
  }
  return findings;
}

function replication(settings: Settings, { durability, replicas }: RedisClaim): readonly Finding[] {
  const connected = Number(settings.get('connected_slaves'));
  if (durability !== 'replicated' || Number.isNaN(connected) || connected >= replicas) return [];
  const text = `${connected} replicas are connected, and each commit needs ${replicas}: none will be acknowledged`;
  return [{ code: 'too-few-replicas', text }];
}

function unverified(why: string): Finding {
  const text = `${why}: whether it keeps what was acknowledged (${PARAMETERS.join(', ')}) is not known`;
  return { code: 'settings-not-verified', text };
}

function parsedInfo(reply: unknown): Settings {
  const lines = typeof reply === 'string' ? reply.split(/\r?\n/) : [];
  return new Map(
    lines.filter((line) => line.includes(':')).map((line) => [before(line), line.slice(before(line).length + 1)]),
  );
}

function before(line: string): string {
  return line.slice(0, line.indexOf(':'));
}

function copy(from: Settings, name: string, to: Map<string, string>, as: string): void {
  const value = from.get(name);
  if (value !== undefined) to.set(as, value);
}
