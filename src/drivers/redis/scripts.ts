import { createHash } from 'node:crypto';
import type { AccessMode } from '../base/backend-connection.js';

/** A Lua script, and the name under which a server that has seen it knows it. */
export interface RedisScript {
  readonly source: string;
  readonly sha: string;
  /** Of the command that runs it: `_RO` needs read rights alone. */
  readonly ending: '' | '_RO';
}

/** The scripts that read. */
interface RedisReads {
  readonly head: RedisScript;
  readonly account: RedisScript;
}

/**
 * In the set of an account's record names from the first commit to the last one, so that the set of an account that
 * exists is never empty: Redis would remove it. No record has this name, escaped.
 */
export const INDEX_MEMBER = ':';

/**
 * The last of ARGV is `role` where the user may ask for it. A replica can be configured to take writes, and its master
 * undoes them; the server may have become one since the link was made.
 */
const NO_REPLICA = `
local info = ARGV[#ARGV] == 'role' and redis.pcall('INFO', 'replication')
if type(info) == 'string' and string.find(info, 'role:slave', 1, true) then
  return redis.error_reply('READONLY the server is a replica')
end
`;

/**
 * KEYS[1] is the head, KEYS[2] the set of record names; both are there, or neither is. Anything else was done by
 * somebody else, or by an eviction. The reply then names the key.
 */
const CHECK = `
local headType = redis.call('TYPE', KEYS[1]).ok
local indexType = redis.call('TYPE', KEYS[2]).ok
local exists = headType == 'string'
if headType ~= 'string' and headType ~= 'none' then return {'damaged', KEYS[1], headType} end
if indexType ~= 'set' and indexType ~= 'none' then return {'damaged', KEYS[2], indexType} end
if exists and indexType == 'none' then return {'damaged', KEYS[2], 'none'} end
if not exists and indexType == 'set' then return {'damaged', KEYS[1], 'none'} end
`;

/** A write that changes nothing: a server that is a replica, or may not write alone, refuses it. */
const PROVE_MASTER = `redis.call('PERSIST', KEYS[1])`;

/** KEYS: head, index. Reply: `none`; `head`, text; or `damaged`, key, type. */
const READ_HEAD = `${CHECK}
if not exists then return {'none'} end
return {'head', redis.call('GET', KEYS[1])}
`;

/**
 * KEYS: head, index. ARGV: what the record keys begin with, the number of records that one reply may have. Reply: `none`;
 * `account`, text of the head, then name and text of each record, '' where a name has no text; `names`, text of the head,
 * then the members of the index, where there are more records; or `damaged`, key, type.
 *
 * Each MGET has the head among its keys: while a slot moves, a server says of several keys that some of them are
 * elsewhere, and of a single one only that it is missing.
 */
const READ_ACCOUNT = `${CHECK}
if not exists then return {'none'} end
local head = redis.call('GET', KEYS[1])
local members = redis.call('SMEMBERS', KEYS[2])
local most = tonumber(ARGV[2])
if #members > most + 1 then
  local reply = {'names', head}
  for from = 1, #members, most do
    reply[#reply + 1] = table.concat(members, ' ', from, math.min(from + most - 1, #members))
  end
  return reply
end
local reply = {'account', head}
local names = {}
for _, name in ipairs(members) do
  if name ~= '${INDEX_MEMBER}' then names[#names + 1] = name end
end
for from = 1, #names, 1000 do
  local keys = {KEYS[1]}
  for i = from, math.min(from + 999, #names) do keys[#keys + 1] = ARGV[1] .. names[i] end
  local texts = redis.call('MGET', unpack(keys))
  for i = 2, #keys do
    reply[#reply + 1] = names[from + i - 2]
    reply[#reply + 1] = texts[i] or ''
  end
end
return reply
`;

/** By what the connection is for. Whoever may only read cannot have the master prove itself by a write. */
export const READS: Readonly<Record<AccessMode, RedisReads>> = {
  write: { head: script(PROVE_MASTER + READ_HEAD), account: script(PROVE_MASTER + READ_ACCOUNT) },
  read: { head: script(READ_HEAD, '_RO'), account: script(READ_ACCOUNT, '_RO') },
};

/**
 * KEYS: head, index, records to write, records to delete. ARGV: the text of the expected head, '' for none, that of the
 * next one, how many records are written, their texts, those of their names that may be missing from the index, the
 * names of the records to delete. Reply: `done`, `differs`, or `damaged`, key, type.
 *
 * Redis does not take back what a script has written when a later command fails. All reasons for that therefore come
 * up before the first change: the types are checked, and each writing command is called once such that it changes
 * nothing. SET is the first of them, because memory that has run out is noticed only by a script's first write. MSET
 * writes always: it is the first change itself, unless something has to come before it; then it writes what is there.
 */
export const SWAP: RedisScript = script(`${CHECK}
if (ARGV[1] ~= '') ~= exists then return {'differs'} end
if exists and redis.call('GET', KEYS[1]) ~= ARGV[1] then return {'differs'} end
local written = 2 + tonumber(ARGV[3])
local texts = written + 1
local fresh = #ARGV - 1 - (#KEYS - written)
redis.call('SET', KEYS[1], '', exists and 'NX' or 'XX')
redis.call('SREM', KEYS[2], '')
redis.call('PERSIST', KEYS[2])
if not exists then
  redis.call('DEL', KEYS[1])
  redis.call('MSET', KEYS[1], '')
  redis.call('DEL', KEYS[1])
elseif #KEYS > written then
  redis.call('MSET', KEYS[1], ARGV[1])
end
redis.call('SADD', KEYS[2], '${INDEX_MEMBER}')
for from = written + 1, #KEYS, 1000 do
  local to = math.min(from + 999, #KEYS)
  redis.call('DEL', unpack(KEYS, from, to))
  redis.call('SREM', KEYS[2], unpack(ARGV, from + fresh - written, to + fresh - written))
end
local pairs, count = {KEYS[1], ARGV[2]}, 2
for i = 3, written do
  pairs[count + 1] = KEYS[i]
  pairs[count + 2] = ARGV[i + 1]
  count = count + 2
  if count == 2000 then
    redis.call('MSET', unpack(pairs))
    pairs, count = {}, 0
  end
end
if count > 0 then redis.call('MSET', unpack(pairs)) end
for from = texts + 1, fresh, 1000 do
  redis.call('SADD', KEYS[2], unpack(ARGV, from, math.min(from + 999, fresh)))
end
return {'done'}
`);

/** KEYS: head, index. ARGV: the text of the head, of an account without records. Reply: `done`, `differs`, or `damaged`. */
export const FORGET: RedisScript = script(`${CHECK}
if not exists or redis.call('GET', KEYS[1]) ~= ARGV[1] then return {'differs'} end
redis.call('DEL', KEYS[1], KEYS[2])
return {'done'}
`);

function script(work: string, ending: RedisScript['ending'] = ''): RedisScript {
  const source = NO_REPLICA + work;
  return { source, sha: createHash('sha1').update(source).digest('hex'), ending };
}
