import { AccountKeeperError, isAccountKeeperError } from '../../core/errors.js';
import type {
  AccountHead,
  CommitBatch,
  CommitOptions,
  DriverCapabilities,
  DriverLimits,
  ForgetOptions,
  LoadOptions,
  OpenOptions,
  OperationOptions,
  PersistenceDriver,
  StoredAccount,
} from '../../core/persistence-driver.js';
import { describeReceived, requireDuration, requireOneOf } from '../../core/shared/option-checks.js';
import { atOnce, inTurns } from '../../core/shared/slices.js';
import { decodeEntries, isListed, storedAccount } from './account-decoder.js';
import { AccountLocks } from './account-locks.js';
import type { AccessMode, BackendConnection } from './backend-connection.js';
import type { BaseDriverOptions } from './base-options.js';
import { changeHead, forgetHead, type HeadChange, readHead } from './conditional-commit.js';
import { Connector } from './connector.js';
import type { StoredHead } from './head-codec.js';
import { assertNotRolledBack, assertRolledBackTo, HeadMarks } from './head-marks.js';
import {
  checkAccountId,
  checkChange,
  checkForget,
  checkOperationOptions,
  checkRolledBackTo,
  shown,
} from './input-checks.js';
import { type AccountKeys, KeyLayout } from './key-layout.js';
import type { Operation, OperationKind } from './operation/operation.js';
import { Operations } from './operation/operations.js';

const DEFAULT_OPERATION_TIMEOUT_MS = 10_000;

/**
 * Turns a {@link BackendConnection} into a driver that passes the contract. A subclass names itself, declares its
 * `capabilities` and `limits`, and makes connections in {@link BaseDriver.connect}; a connection reads a head, reads an
 * account, swaps a head together with records, lists accounts and disconnects.
 *
 * The base class does the rest:
 *
 * - **Validation**: ids, keys, values, batches, heads and options are checked before any I/O and rejected with
 *   `INVALID_KEY`, `INVALID_VALUE`, `TOO_LARGE` or `CONFIG`. The caller's maps are copied before the first `await`.
 * - **Limits**: nothing above `limits` reaches the connection.
 * - **Encoding**: account ids and record keys become ASCII keys ({@link KeyLayout}); heads and values become JSON texts.
 *   What cannot be decoded is `CORRUPT`, or listed in `corrupt`.
 * - **Conditions**: it compares the stored head with the expected one, finds commits that landed before, computes the
 *   next revision, and repeats a swap that lost a race. It rejects with `CONFLICT` and the stored head.
 * - **Deadlines**: every operation settles by its `timeoutMs`, by the caller's signal, or by `operationTimeoutMs`,
 *   whatever the backend does.
 * - **Rollback marks**: it remembers the highest head of each account, and rejects `ROLLED_BACK` when the backend shows
 *   an older one.
 * - **Order**: the commits of one account run one after the other, in the order of the calls.
 * - **Outcomes**: an error that is no `AccountKeeperError` becomes `UNAVAILABLE`, with the outcome `not-applied` for a
 *   read and `unknown` for a write.
 * - **Connecting**: the first operation connects; concurrent callers share the attempt, and a failed one can be repeated.
 * - **Close**: it waits for what is in flight, disconnects, waits for work that its callers have given up, and rejects
 *   `CLOSED` from then on.
 */
export abstract class BaseDriver implements PersistenceDriver {
  readonly apiVersion: 1 = 1;
  /** Stands in messages: `etcd`. */
  abstract readonly name: string;
  /** The driver's promises; see {@link DriverCapabilities}. */
  abstract readonly capabilities: DriverCapabilities;
  /**
   * The largest inputs that the backend takes. They count bytes of UTF-8 before encoding. Encoded, a byte of an id or a
   * key is at most 3 bytes long, a byte of a value at most 6, and a byte of a head's meta at most 7.
   */
  abstract readonly limits: DriverLimits;
  /** The keys under this driver's prefix. */
  protected readonly layout: KeyLayout;
  readonly #operationTimeoutMs: number;
  readonly #connector = new Connector((operation, access) => this.connect(operation, access));
  readonly #locks = new AccountLocks();
  readonly #operations = new Operations();
  readonly #closes = new Operations();
  /** The work that runs on the connection. It can outlast the caller's deadline. */
  readonly #working = new Set<Promise<unknown>>();
  readonly #marks = new HeadMarks();
  #access: AccessMode = 'write';
  #shutdown: Promise<void> | undefined;

  /** Reads `prefix` and `operationTimeoutMs`, and ignores other options. @throws `CONFIG` */
  protected constructor({ prefix, operationTimeoutMs = DEFAULT_OPERATION_TIMEOUT_MS }: BaseDriverOptions = {}) {
    this.layout = new KeyLayout(prefix);
    this.#operationTimeoutMs = requireDuration('operationTimeoutMs', operationTimeoutMs, 1);
  }

  /**
   * Connects to the backend, prepares it and makes sure that it works. With the access `read`, it creates and writes
   * nothing, and rejects `CONFIG` when something is missing. A call that rejects leaves nothing behind. Once nobody waits
   * for the attempt any more, `operation.signal` is aborted.
   */
  protected abstract connect(operation: Operation, access: AccessMode): Promise<BackendConnection>;

  async open(options: OpenOptions = {}): Promise<void> {
    const { access = 'write', onWarning } = options ?? {};
    if (onWarning !== undefined && typeof onWarning !== 'function') {
      throw new AccountKeeperError('CONFIG', `onWarning: expected a function, received ${describeReceived(onWarning)}`);
    }
    this.#access = requireOneOf('access', access, ['read', 'write']);
    const connection = await this.#run('open', 'read', options, async (present) => present);
    for (const warning of connection.warnings ?? []) onWarning?.(warning);
  }

  async head(accountId: string, options: OperationOptions = {}): Promise<AccountHead | undefined> {
    const account = this.#account(accountId);
    return this.#run(`head of account ${shown(accountId)}`, 'read', options, async (connection, operation) => {
      const mark = this.#marks.of(accountId);
      return this.#judged(account, await readHead({ account, connection, operation }), mark)?.head;
    });
  }

  async load(accountId: string, options: LoadOptions = {}): Promise<StoredAccount | undefined> {
    const account = this.#account(accountId);
    const rolledBackTo = checkRolledBackTo(options);
    return this.#run(`load of account ${shown(accountId)}`, 'read', options, async (connection, operation) => {
      const mark = this.#marks.of(accountId);
      const entries = await decodeEntries(account, await connection.readAccount(account, operation));
      if (rolledBackTo === undefined) this.#judged(account, entries.stored, mark);
      else assertRolledBackTo(account.id, entries.stored?.head, rolledBackTo);
      return storedAccount(account, entries);
    });
  }

  async commit(accountId: string, batch: CommitBatch, options: CommitOptions): Promise<AccountHead> {
    const account = this.#account(accountId);
    const change = inTurns(checkChange(batch, options, this.limits, 'written'));
    return this.#change(`commit of account ${shown(accountId)}`, account, change, options);
  }

  async drop(accountId: string, options: CommitOptions): Promise<AccountHead> {
    const account = this.#account(accountId);
    const change = atOnce(checkChange({ upserts: new Map(), deletes: new Set() }, options, this.limits, 'dropped'));
    return this.#change(`drop of account ${shown(accountId)}`, account, change, options);
  }

  async forget(accountId: string, options: ForgetOptions): Promise<void> {
    const account = this.#account(accountId);
    const expected = checkForget(options);
    const work = async (connection: BackendConnection, operation: Operation): Promise<void> => {
      await forgetHead(expected, { account, connection, operation });
      this.#marks.forget(accountId);
    };
    await this.#run(`forget of account ${shown(accountId)}`, 'write', options, work, accountId);
  }

  /**
   * The deadline is that of each page, so that the caller can take its time between two. An account that was known to
   * exist at the start, and that no page has named, is asked for at the end: a backend that was emptied is found out.
   */
  async *accounts(options: OperationOptions = {}): AsyncGenerator<string, void, undefined> {
    const unseen = this.#marks.accounts();
    let cursor: string | undefined;
    do {
      const from = cursor;
      const page = await this.#run('accounts', 'read', options, (connection, operation) =>
        connection.listAccounts(from, operation),
      );
      for (const { id, head } of page.accounts) {
        unseen.delete(id);
        if (isListed(this.layout.account(id), head)) yield id;
      }
      cursor = page.next;
    } while (cursor !== undefined);
    for (const id of unseen) {
      const head = await this.head(id, options);
      if (head !== undefined && !head.dropped) yield id;
    }
  }

  async close(options: OperationOptions = {}): Promise<void> {
    const { timeoutMs, signal } = checkOperationOptions(options, this.#operationTimeoutMs);
    const doing = `close of the ${this.name} driver`;
    try {
      await this.#closes.run({ doing, kind: 'write', timeoutMs, signal }, () => {
        this.#shutdown ??= this.#drain();
        return this.#shutdown;
      });
    } catch (error) {
      // Operations that are still in flight have had their time: they reject, and the connection ends.
      if (isAccountKeeperError(error) && error.code === 'TIMEOUT') this.#operations.close();
      throw error;
    }
  }

  /** Releases what the driver holds besides its connection. `close` calls it once, when nothing is running any more. */
  protected async release(): Promise<void> {}

  async #drain(): Promise<void> {
    await this.#operations.settled();
    await this.#connector.disconnect();
    await Promise.allSettled(this.#working);
    await this.release();
  }

  /** @param encoding of a large batch takes several turns. Its place in the queue is that of the call all the same. */
  #change(
    doing: string,
    account: AccountKeys,
    encoding: HeadChange | Promise<HeadChange>,
    options: CommitOptions,
  ): Promise<AccountHead> {
    // Should the connection fail first, nobody asks how the encoding went.
    if (encoding instanceof Promise) encoding.catch(() => undefined);
    const work = async (connection: BackendConnection, operation: Operation): Promise<AccountHead> => {
      const change = encoding instanceof Promise ? await encoding : encoding;
      operation.assertActive();
      this.#marks.send(account.id, change.writeId);
      const mark = this.#marks.of(account.id);
      const now = await changeHead(change, { account, connection, operation, mark });
      this.#marks.acknowledge(account.id, now);
      return now.head;
    };
    return this.#run(doing, 'write', options, work, account.id);
  }

  #judged(account: AccountKeys, stored: StoredHead | undefined, mark: StoredHead | undefined): StoredHead | undefined {
    assertNotRolledBack(account.id, stored?.head, mark?.head);
    // A replica that takes over need not have what was read, unless it was acknowledged.
    if (stored !== undefined && this.capabilities.durability !== 'replicated') this.#marks.see(account.id, stored);
    return stored;
  }

  #account(accountId: string): AccountKeys {
    checkAccountId(accountId, this.limits);
    return this.layout.account(accountId);
  }

  /**
   * Runs one operation with the connection, within its deadline, as one that `close` awaits. Those that
   * change one account run one after the other, in the order of the calls: the queue is joined before anything is awaited.
   *
   * @throws `CONFIG`, `CLOSED`
   */
  #run<T>(
    doing: string,
    kind: OperationKind,
    options: OperationOptions,
    work: (connection: BackendConnection, operation: Operation) => Promise<T>,
    changed?: string,
  ): Promise<T> {
    const { timeoutMs, signal } = checkOperationOptions(options, this.#operationTimeoutMs);
    if (this.#shutdown !== undefined) {
      throw new AccountKeeperError('CLOSED', `${doing}: the ${this.name} driver is closed`);
    }
    const access = kind === 'write' ? kind : this.#access;
    return this.#operations.run({ doing, kind, timeoutMs, signal }, (operation) => {
      const begin = (connection: BackendConnection): Promise<T> => {
        operation.assertActive();
        return this.#begun(work(connection, operation));
      };
      const connected = (): Promise<T> => {
        const connection = this.#connector.get(operation, access);
        return connection instanceof Promise ? connection.then(begin) : begin(connection);
      };
      return changed === undefined ? connected() : this.#locks.inTurn(changed, operation, connected);
    });
  }

  /** The promise of some work on the connection, for which `close` waits. */
  #begun<T>(working: Promise<T>): Promise<T> {
    this.#working.add(working);
    const done = (): void => void this.#working.delete(working);
    working.then(done, done);
    return working;
  }
}
