import { AccountKeeperError } from '../../core/errors.js';
import { redactUrl } from '../../core/shared/redact.js';
import { escapeKey, unescapeKey } from './key-escape.js';

/** The prefix of drivers that are given none. */
export const DEFAULT_PREFIX = 'accountkeeper';

// No `:` in it: two prefixes then differ before the first `:`, and their key ranges cannot overlap.
const PREFIX = /^[A-Za-z0-9_./-]{1,128}$/;

/** A range of keys in the order of their bytes. */
export interface KeyRange {
  /** The first key that can be in the range. */
  readonly from: string;
  /** The first key behind the range. */
  readonly to: string;
}

/** The keys of one account. */
export interface AccountKeys {
  /** The account id, as the caller gave it. */
  readonly id: string;
  /** Key of the head. */
  readonly head: string;
  /** The beginning of the keys of all records. The escaped record key follows. */
  readonly recordPrefix: string;
  /** Holds the head and all records, and no key of another account. */
  readonly range: KeyRange;
}

/** The meaning of a stored key: the head of an account, or one of its records. */
export type ParsedKey =
  | { readonly kind: 'head'; readonly accountId: string }
  | { readonly kind: 'record'; readonly accountId: string; readonly record: string };

/**
 * The keys that drivers use: `<prefix>:{<account>}:head` and `<prefix>:{<account>}:r:<record>`. In account and record,
 * everything but `A-Z a-z 0-9 _ . / -` is percent-encoded, so that any two ids have different keys, and every key is
 * ASCII and case-sensitive. Sorted by bytes, the keys of an account stand together. The braces are a Redis Cluster hash
 * tag.
 */
export class KeyLayout {
  /** The beginning of all keys. */
  readonly prefix: string;
  /** Holds all keys under this prefix, and none under another. */
  readonly range: KeyRange;
  readonly #start: string;

  /** @throws `CONFIG` when the prefix is not 1 to 128 of `A-Z a-z 0-9 _ . / -`. */
  constructor(prefix: string = DEFAULT_PREFIX) {
    if (typeof prefix !== 'string' || !PREFIX.test(prefix)) {
      const received = typeof prefix === 'string' ? JSON.stringify(redactUrl(prefix)) : typeof prefix;
      throw new AccountKeeperError(
        'CONFIG',
        `prefix: expected 1 to 128 characters of A-Z a-z 0-9 _ . / -, received ${received}`,
      );
    }
    this.prefix = prefix;
    this.#start = `${prefix}:{`;
    this.range = { from: this.#start, to: `${prefix}:|` };
  }

  /** The keys of an account. */
  account(id: string): AccountKeys {
    const part = `${this.#start}${escapeKey(id)}}`;
    return {
      id,
      head: `${part}:head`,
      recordPrefix: `${part}:r:`,
      // A commit does without it.
      get range() {
        return { from: `${part}:`, to: `${part};` };
      },
    };
  }

  /** Parses a key; `undefined` for a key that this layout does not make. */
  parse(key: string): ParsedKey | undefined {
    const accountId = this.accountOf(key);
    if (accountId === undefined) return undefined;
    const rest = key.slice(key.indexOf('}') + 1);
    if (rest === ':head') return { kind: 'head', accountId };
    if (!rest.startsWith(':r:')) return undefined;
    const record = unescapeKey(rest.slice(3));
    return record === undefined ? undefined : { kind: 'record', accountId, record };
  }

  /** The id of the account in whose range the key lies; `undefined` when it lies in none. */
  accountOf(key: string): string | undefined {
    if (!key.startsWith(this.#start)) return undefined;
    const end = key.indexOf('}:');
    return end === -1 ? undefined : unescapeKey(key.slice(this.#start.length, end));
  }

  /** The first key behind the account in whose range this key lies, or else behind this key: the next page starts there. */
  static behind(key: string): string {
    const end = key.indexOf('}:');
    return end === -1 ? `${key}\u0001` : `${key.slice(0, end)}};`;
  }
}
