import { setMaxListeners } from 'node:events';
import { AccountKeeperError } from '../../core/errors.js';
import type { DriverWarning } from '../../core/persistence-driver.js';
import type { Operation } from '../base/operation/operation.js';
import { addressText } from './address.js';
import { RedisFailure } from './errors.js';
import type { RedisLink } from './link.js';
import type { RedisSettings } from './settings.js';
import type { RedisServers } from './topology/servers.js';

/** The driver's claims. The settings of the servers are compared with them. */
export type RedisClaim = Pick<RedisSettings, 'durability' | 'replicas' | 'allowEviction' | 'allowVolatile'>;

interface Finding {
  readonly code: string;
  readonly text: string;
}

type Settings = ReadonlyMap<string, string>;

const PARAMETERS = 'maxmemory maxmemory-policy appendonly appendfsync no-appendfsync-on-rewrite save'.split(' ');

/**
 * Finds settings of the masters that can lose acknowledged commits; one warning for each kind.
 *
 * @throws `UNAVAILABLE` or `CONFIG` when the loss would not even be noticed
 */
export async function redisWarnings(
  servers: RedisServers,
  claim: RedisClaim,
  operation: Operation,
): Promise<readonly DriverWarning[]> {
  // Each question listens to the one signal.
  setMaxListeners(0, operation.signal);
  const { masters } = await servers.view(operation);
  const byCode = new Map<string, DriverWarning>();
  const examined = masters.map(async (master) => {
    const name = addressText(master);
    for (const { code, text } of await examine(name, servers.link(master, operation), claim, operation)) {
      const others = byCode.get(code);
      byCode.set(code, { code, message: others === undefined ? `${name}: ${text}` : `${name}, ${others.message}` });
    }
  });
  await Promise.all(examined);
  return [...byCode.values()];
}

/** @throws `UNAVAILABLE`, `CONFIG` */
async function examine(
  name: string,
  linking: Promise<RedisLink>,
  claim: RedisClaim,
  operation: Operation,
): Promise<readonly Finding[]> {
  try {
    const settings = await readSettings(await linking, operation);
    const isComplete = PARAMETERS.every((each) => settings.has(each));
    return [
      ...eviction(name, settings, claim),
      ...persistence(name, settings, claim),
      ...replication(settings, claim),
      ...(isComplete ? [] : [unverified('the user may not read all settings')]),
    ];
  } catch (error) {
    if (!(error instanceof RedisFailure) || operation.signal.aborted) throw error;
    return [unverified(`the server could not be asked for its settings (${error.code})`)];
  }
}

/** From CONFIG, and from INFO where the user may not use CONFIG: INFO does not have all of them. */
async function readSettings(link: RedisLink, operation: Operation): Promise<Settings> {
  const info = await unlessRefused(link.send(['INFO'], operation));
  const settings = new Map<string, string>();
  for (const [, name = '', value = ''] of String(info).matchAll(/^(\w+):(.*?)\r?$/gm)) {
    if (name === 'aof_enabled') settings.set('appendonly', value === '1' ? 'yes' : 'no');
    else settings.set(name.replace('maxmemory_policy', 'maxmemory-policy'), value);
  }
  const replies = PARAMETERS.map((name) => unlessRefused(link.send(['CONFIG', 'GET', name], operation)));
  for (const reply of await Promise.all(replies)) {
    if (Array.isArray(reply) && typeof reply[1] === 'string') settings.set(String(reply[0]), reply[1]);
  }
  return settings;
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
