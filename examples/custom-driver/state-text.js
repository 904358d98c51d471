// @ts-check
/** @import { AccountHead } from 'accountkeeper' */
// The text that a file holds: one account's head and records, as JSON. Each part carries a checksum of its own, so that
// one damaged record does not take the others with it.
import { crc32 } from 'node:zlib';
import { AccountKeeperError } from 'accountkeeper';

const FORMAT = 'accountkeeper-example-file-1';

/**
 * A stored account. Records stay as they are stored: a commit carries those that it does not change from the old file
 * to the new one, also when they are damaged.
 *
 * @typedef {object} State
 * @property {AccountHead} head
 * @property {ReadonlyMap<string, string>} records record key to stored text, see {@link encodeValue}
 */

/** @param {string} accountId @param {State} state */
export function encodeState(accountId, { head, records }) {
  return JSON.stringify({ format: FORMAT, accountId, head, check: checkOf(accountId, head), records: [...records] });
}

/**
 * @param {string} text
 * @param {string} accountId whose state it has to be
 * @param {string} path for the message
 * @returns {State}
 * @throws CORRUPT
 */
export function decodeState(text, accountId, path) {
  const { format, head, check, records } = parseJson(text) ?? {};
  const isOurs = format === FORMAT && typeof head === 'object' && head !== null && Array.isArray(records);
  if (!isOurs || check !== checkOf(accountId, head) || !records.every(isPairOfStrings)) {
    throw corrupt(`${path} does not hold the account ${JSON.stringify(accountId)}, or holds it damaged`);
  }
  const { revision, writerId, writeId, meta, dropped } = head;
  return { head: { revision, writerId, writeId, meta, dropped }, records: new Map(records) };
}

/** @param {string} key @param {string} value */
export function encodeValue(key, value) {
  return `${checksum([key, value])}:${value}`;
}

/** @param {string} key @param {string} text @returns the value, or `undefined` when the text is not what was stored */
export function decodeValue(key, text) {
  const value = text.slice(text.indexOf(':') + 1);
  return text === encodeValue(key, value) ? value : undefined;
}

/** @param {string} message */
export function corrupt(message) {
  return new AccountKeeperError('CORRUPT', message);
}

/** @param {string} accountId @param {AccountHead} head */
function checkOf(accountId, { revision, writerId, writeId, meta, dropped }) {
  return checksum([accountId, revision, writerId, writeId, meta, dropped]);
}

/** @param {readonly unknown[]} parts */
function checksum(parts) {
  return crc32(JSON.stringify(parts)).toString(16).padStart(8, '0');
}

/** @param {string} text @returns {any} `undefined` when it is none */
export function parseJson(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** @param {unknown} value */
function isPairOfStrings(value) {
  return Array.isArray(value) && value.length === 2 && value.every((part) => typeof part === 'string');
}
