/**
 * The storage backend behind a store. This file is the specification that the contract suite tests
 * (`accountkeeper/contract`).
 *
 * Every method rejects with an `AccountKeeperError` and settles by its deadline. Values are strings: the store's codec
 * makes them, and their exact characters come back. Ids and record keys are any non-empty strings; a driver either
 * stores them or rejects `INVALID_KEY` before any I/O.
 */
export interface PersistenceDriver {
  /** The version of this interface. */
  readonly apiVersion: 1;
  /** For messages and reports: `sqlite`, `redis`, … */
  readonly name: string;
  /** The driver's promises. The contract suite tests what is claimed. */
  readonly capabilities: DriverCapabilities;
  /** The largest inputs that work; more is rejected before any I/O: a key `INVALID_KEY`, the others `TOO_LARGE`. */
  readonly limits: DriverLimits;

  /**
   * Connects, prepares and verifies the backend. Idempotent. After a rejection it can be called again. The other
   * methods may open by themselves when it was not called.
   *
   * Rejects `UNAVAILABLE`, `TIMEOUT`, `CORRUPT`, `NOT_INSTALLED`, `CONFIG` or `CLOSED`.
   */
  open(options?: OpenOptions): Promise<void>;

  /**
   * The account's head, or `undefined` when the account was never written. Never `undefined` after a failed read.
   *
   * Rejects `ROLLED_BACK` when the stored head is older than one that this driver had seen when the call began: one that
   * was acknowledged to it or, unless its durability is `replicated`, one that it had read.
   */
  head(accountId: string, options?: OperationOptions): Promise<AccountHead | undefined>;

  /**
   * Head and records as of one instant, or `undefined` when the account was never written. Rejects `ROLLED_BACK` as
   * `head` does, and `CORRUPT` when the head cannot be read; single records that cannot are handed out in `corrupt`.
   *
   * With `rolledBackTo` the caller knows that the backend was rolled back: resolves when exactly that head is stored
   * (`undefined` for `{ revision: 0, writeId: '' }`, which stands for no head), and rejects `ROLLED_BACK` otherwise.
   */
  load(accountId: string, options?: LoadOptions): Promise<StoredAccount | undefined>;

  /**
   * Writes a batch and the next head, atomically, if the stored head is `options.expected`.
   *
   * Asked in this order:
   *
   * - A stored head that is older than one that this driver had seen when the call began rejects `ROLLED_BACK`, unless
   *   it is the expected one and `revisionFloor` reaches what was seen: then the writer knows, and goes on above that.
   * - A stored head that differs rejects `CONFLICT` with the stored head in `error.head`; nothing changes.
   * - A stored head whose writeId is already `options.writeId` resolves with that head, after the declared durability
   *   was made sure of once more: repeating a commit of unknown outcome is how its outcome becomes known.
   * - A stored head with a lower revision than `expected`, or none at all, rejects `ROLLED_BACK`.
   *
   * Commits to other accounts may be under way at the same time, hundreds of them on one driver. A driver may send them
   * together; the result of each is its own all the same, and so is what is stored of it.
   *
   * @returns the new head; its revision is the stored one (or `revisionFloor`, if larger) plus one.
   */
  commit(accountId: string, batch: CommitBatch, options: CommitOptions): Promise<AccountHead>;

  /** Deletes the account's records and keeps a head with `dropped: true`, under the same conditions as a commit. */
  drop(accountId: string, options: CommitOptions): Promise<AccountHead>;

  /** The ids of all accounts that are not dropped, each once. A failure rejects; it never ends the iteration early. */
  accounts(options?: OperationOptions): AsyncIterable<string>;

  /**
   * Awaits what is in flight, up to the deadline, then disconnects. Resolves when nothing of the driver is running any
   * more, and rejects `TIMEOUT` when that takes too long. Idempotent. Later calls of the others reject `CLOSED`.
   */
  close(options?: OperationOptions): Promise<void>;

  /**
   * Removes the head of a dropped account whose id nobody uses again, so that such heads do not pile up. Resolves when
   * no head is stored any more; a driver whose backend cannot do it keeps the head, and resolves as well.
   *
   * Rejects `CONFLICT`, with the stored head in `error.head`, when that is not the expected one, or is not dropped.
   */
  forget?(accountId: string, options: ForgetOptions): Promise<void>;

  /**
   * Calls the listener after changes of the account's head, by whichever writer, until the returned function is called or
   * the driver closes. A hint to read anew: it may come late, once for several changes, or without a change, and one that
   * is missed proves nothing. Followers poll a driver without this method, and rarely one that has it. The listener must
   * not throw.
   *
   * Throws `INVALID_KEY`, `CONFIG` or, after `close`, `CLOSED`.
   */
  watch?(accountId: string, listener: () => void): () => void;
}

/** The promises of a driver. */
export interface DriverCapabilities {
  /** An acknowledged commit survives nothing, or the loss of the writing process, of its host, or of one server. */
  readonly durability: 'none' | 'process' | 'host' | 'replicated';
  /** A commit is stored wholly or not at all. */
  readonly atomicCommit: boolean;
  /** A commit whose `expected` is not the stored head changes nothing. */
  readonly conditionalCommit: boolean;
  /** Several processes can use the backend at the same time. */
  readonly sharedAcrossProcesses: boolean;
}

/** The largest inputs that work, in bytes of UTF-8. */
export interface DriverLimits {
  /** Of an account id or a record key, as given. */
  readonly keyBytes: number;
  /** Of one value. */
  readonly valueBytes: number;
  /** Of all keys and values of one commit. */
  readonly batchBytes: number;
  /** How many upserts and deletes one commit may have. */
  readonly batchRecords: number;
}

/** An account's stored state of ownership. */
export interface AccountHead {
  /** Raised by every commit, never reused. */
  readonly revision: number;
  /** The writer that made the last commit. */
  readonly writerId: string;
  /** The last commit. */
  readonly writeId: string;
  /** Whatever the writer wants to keep beside the head; `''` by default. */
  readonly meta: string;
  /** The account's records were forgotten by `drop`. */
  readonly dropped: boolean;
}

/** The result of `load`. The maps belong to the caller. */
export interface StoredAccount {
  readonly head: AccountHead;
  /** Record key to value. */
  readonly records: ReadonlyMap<string, string>;
  /**
   * Record key to raw stored text, for records that this driver did not write in this form. The text of a record that
   * is known to be missing is `''`.
   */
  readonly corrupt: ReadonlyMap<string, string>;
}

/** The changes of one commit. No key is in both. */
export interface CommitBatch {
  readonly upserts: ReadonlyMap<string, string>;
  readonly deletes: ReadonlySet<string>;
  /**
   * The keys of those values that are JSON objects, as `JSON.stringify` writes them: without white space between the
   * parts. A driver may store such a value as what it is, for other programs to read, and need not check it. A driver
   * that takes it for any other string is right as well. Keys that are not in `upserts` mean nothing.
   */
  readonly documents?: ReadonlySet<string>;
}

/** Identity and condition of a commit. */
export interface CommitOptions extends OperationOptions {
  /** The head that must be stored; `undefined`: none may be. Never "unconditional". */
  readonly expected: { readonly revision: number; readonly writeId: string } | undefined;
  readonly writerId: string;
  /** Names this commit, and is bound to its exact bytes. */
  readonly writeId: string;
  /** Default: `''`. */
  readonly meta?: string;
  /** The new revision is the larger of this and the stored one, plus one. */
  readonly revisionFloor?: number;
}

/** Options of {@link PersistenceDriver.forget}. */
export interface ForgetOptions extends OperationOptions {
  /** The head that must be stored. */
  readonly expected: { readonly revision: number; readonly writeId: string };
}

/** Limits in time of one operation. */
export interface OperationOptions {
  /** Aborted beforehand: rejects `ABORTED` without I/O. Aborted midway: rejects `ABORTED`, outcome `unknown`. */
  readonly signal?: AbortSignal;
  /** Milliseconds until the operation rejects `TIMEOUT`; need not be whole. The driver has a default of its own. */
  readonly timeoutMs?: number;
}

/** Options of {@link PersistenceDriver.load}. */
export interface LoadOptions extends OperationOptions {
  /** The older head that the caller goes back to, although a newer one had been acknowledged. */
  readonly rolledBackTo?: { readonly revision: number; readonly writeId: string };
}

/** Options of {@link PersistenceDriver.open}. */
export interface OpenOptions extends OperationOptions {
  /**
   * With `read`, read rights are enough: nothing is created or written, and a missing file, schema or table rejects
   * `CONFIG`. An open for writing includes it.
   * @default 'write'
   */
  readonly access?: 'read' | 'write';
  /** Called for settings of the backend that weaken a promise. */
  readonly onWarning?: (warning: DriverWarning) => void;
}

/** A setting of the backend that weakens a promise. */
export interface DriverWarning {
  /** Stable and in kebab case, such as `synchronous-not-full`. */
  readonly code: string;
  /** Names the setting and its cost. */
  readonly message: string;
}
