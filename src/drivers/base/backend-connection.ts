import type { DriverWarning } from '../../core/persistence-driver.js';
import type { AccountKeys } from './key-layout.js';
import type { Operation } from './operation.js';

/** What a connection is for. One for writing serves reading, too. */
export type AccessMode = 'read' | 'write';

/** A stored key and the text under it. */
export interface StoredEntry {
  readonly key: string;
  readonly text: string;
}

/** One atomic, conditional change of an account. */
export interface HeadSwap {
  /** The text that must be stored under the head's key; `undefined`: nothing may be. */
  readonly expected: string | undefined;
  /** The text to store there. When it equals `expected`, it must be written, and made durable, all the same. */
  readonly next: string;
  /** Escaped record key, to be appended to the account's `recordPrefix`, to the text to store. */
  readonly upserts: ReadonlyMap<string, string>;
  /** Escaped record keys. */
  readonly deletes: readonly string[];
}

/** Some of the accounts of a prefix. */
export interface AccountPage {
  /** Account ids with the text of the head, or `undefined` where there are records without one. */
  readonly accounts: readonly { readonly id: string; readonly head: string | undefined }[];
  /** Where the next page starts; `undefined` when this was the last one. */
  readonly next: string | undefined;
}

/**
 * What a driver on the shared layout implements. {@link BaseDriver} has validated and encoded all arguments, calls it
 * only while the operation is active, and bounds each call in time. A failure rejects, with an `AccountKeeperError`
 * where its meaning is known; an empty answer always comes from a read that succeeded.
 */
export interface BackendConnection {
  /** Settings of the backend that weaken a promise. */
  readonly warnings: readonly DriverWarning[];
  /** The text under the head's key. Sees every swap that was acknowledged before the call, to whomever. */
  readHead(account: AccountKeys, operation: Operation): Promise<string | undefined>;
  /** Everything in the account's range, as of one instant. */
  readAccount(account: AccountKeys, operation: Operation): Promise<readonly StoredEntry[]>;
  /** Applies the change, durably, and resolves `true`; or changes nothing and resolves `false` when the head differs. */
  swap(account: AccountKeys, change: HeadSwap, operation: Operation): Promise<boolean>;
  /** The accounts from `cursor` on; from the first one when there is none. Each account is on one page. */
  listAccounts(cursor: string | undefined, operation: Operation): Promise<AccountPage>;
  /** Whether this is still a connection to the backend that the driver was made for. Asked before each operation. */
  isCurrent?(): Promise<boolean>;
  /** Gives everything back that the connection holds. Called once. */
  disconnect(): Promise<void>;
}
