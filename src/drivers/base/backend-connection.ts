import type { DriverWarning } from '../../core/persistence-driver.js';
import type { AccountKeys } from './key-layout.js';
import type { Operation } from './operation/operation.js';

/** The purpose of a connection. A connection for `write` also reads. */
export type AccessMode = 'read' | 'write';

/** A stored key and the text under it. */
export interface StoredEntry {
  readonly key: string;
  readonly text: string;
}

/** One atomic, conditional change of an account: of its head, and of records. */
export interface HeadSwap {
  /** The text that must be stored under the head's key. `undefined`: the key must not exist. */
  readonly expected: string | undefined;
  /** The text to store there. When it equals `expected`, write it and make it durable all the same. */
  readonly next: string;
  /**
   * The texts to store, by escaped record key; the stored key is `account.recordPrefix` followed by that. Each is the
   * JSON of an object, and has to come back character by character.
   */
  readonly upserts: ReadonlyMap<string, string>;
  /** The escaped record keys to delete, whether they are stored or not. None of them is in `upserts`. */
  readonly deletes: readonly string[];
  /**
   * The account is dropped: `deletes` names every record it has, however many, and there are no `upserts`. A backend
   * can delete the account's records as one range instead.
   */
  readonly deletesAll: boolean;
}

/** Some of the accounts under a prefix. */
export interface AccountPage {
  /** Account ids, each with the text of its head; `undefined` where there are records without a head. */
  readonly accounts: readonly { readonly id: string; readonly head: string | undefined }[];
  /** The `cursor` of the next page; `undefined` on the last page. */
  readonly next: string | undefined;
}

/**
 * An open connection to one backend, which the author of a driver writes. {@link BaseDriver} passes arguments validated and
 * encoded; all keys and texts are well-formed strings, and keys are ASCII. The base class bounds each call in time.
 *
 * Every method rejects when it fails. It resolves to nothing stored (`undefined`, no entries, no accounts) only after
 * the backend has answered so. Reject with an `AccountKeeperError` where the meaning is known: `not-applied` when a
 * write changed nothing and never will. Anything else that is thrown becomes `UNAVAILABLE`, with the outcome `unknown`
 * for a write.
 *
 * The caller may have given up while a method runs. Call `operation.assertActive()` before each request, or hand
 * `operation.signal` to the client, so that nothing more is sent. What was sent may land: `swap` is conditional.
 */
export interface BackendConnection {
  /** Settings of the backend that weaken a promise. `open` hands them to the caller's `onWarning`. */
  readonly warnings?: readonly DriverWarning[];
  /** The text under the account's head key. Sees every swap that was acknowledged before the call, by any process. */
  readHead(account: AccountKeys, operation: Operation): Promise<string | undefined>;
  /** The head and all records of the account, as of one instant. Entries under other keys are ignored. */
  readAccount(account: AccountKeys, operation: Operation): Promise<readonly StoredEntry[]>;
  /**
   * Makes the whole change and resolves `true` once it is durable; or changes nothing and resolves `false`, because the
   * stored head's text is not `change.expected`. The backend compares and writes in one step.
   */
  swap(account: AccountKeys, change: HeadSwap, operation: Operation): Promise<boolean>;
  /**
   * Deletes the head if its text is `head`, and resolves `false` if it is another one. The account was dropped and has no
   * records. Without this method, heads of dropped accounts stay for ever, which does no harm.
   */
  forget?(account: AccountKeys, head: string, operation: Operation): Promise<boolean>;
  /** The accounts from `cursor` on; without a cursor, from the first one. Dropped ones may be listed; each is on one page. */
  listAccounts(cursor: string | undefined, operation: Operation): Promise<AccountPage>;
  /** Whether the connection still leads to the backend it was made for. Asked before each operation; `false` connects anew. */
  isCurrent?(): boolean | Promise<boolean>;
  /** Releases what the connection holds and ends the calls that are still running. Called once. */
  disconnect(): Promise<void>;
}
