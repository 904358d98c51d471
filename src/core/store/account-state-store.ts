import { AccountState } from '../account/account-state.js';
import type { AccountRules } from '../account/tables/account-rules.js';
import { invalidValue } from '../account/tables/value-checks.js';
import { AccountKeeperError } from '../errors.js';
import type { RestoreOptions, RestoreResult } from '../restore/restore-options.js';
import {
  abortSignal,
  type ChecksOf,
  complete,
  duration,
  flag,
  oneOf,
  readOptions,
  text,
  wholeNumber,
} from '../shared/option-checks.js';
import { NOTHING_TO_FLUSH } from '../write-behind/flush-status.js';
import { AccountLifecycle } from './account-lifecycle.js';
import type { PersistenceStatus } from './persistence-status.js';
import { type StoreEventName, StoreEvents, type StoreListener } from './store-events.js';
import type {
  AccountStateStoreOptions,
  CloseOptions,
  FlushCallOptions,
  RequireDurableOptions,
} from './store-options.js';
import { checkedStoreOptions } from './store-settings.js';

/** Of `restore()` and `refresh()`. */
const RESTORE_CALL: ChecksOf<RestoreOptions> = {
  mustExist: flag,
  minRevision: wholeNumber(0),
  onRolledBack: complete({ keep: oneOf(['backend', 'local']), revision: wholeNumber(0), writeId: text }),
  timeoutMs: duration(1),
  signal: abortSignal,
};

/** Of `flush()`, `persistAll()` and `verifyOwnership()`. */
const FLUSH_CALL: ChecksOf<FlushCallOptions> = { timeoutMs: duration(), signal: abortSignal };
const CLOSE_CALL: ChecksOf<CloseOptions> = { timeoutMs: duration(), deadlineMs: duration() };
const REQUIRE_DURABLE_CALL: ChecksOf<RequireDurableOptions> = { maxAgeMs: duration() };

/**
 * The state of one trading account: synchronous and in memory, written behind to a storage backend.
 *
 * With a driver, `await restore()` comes first: until then, changes of what is persisted throw `NOT_RESTORED`. Once
 * another writer has taken the account over they throw `FENCED`, after `close()` they throw `CLOSED`; reads go on.
 * Without a driver the store is in memory only.
 *
 * @typeParam T the shape of a symbol's metadata.
 * @typeParam A the shape of the account's own metadata.
 */
export class AccountStateStore<
  T extends object = Record<string, unknown>,
  A extends object = Record<string, unknown>,
> extends AccountState<T, A> {
  readonly #events: StoreEvents;
  readonly #persistence: AccountLifecycle | undefined;

  /**
   * @param entries for the drop-in: how the entries of the exchange are judged.
   * @throws `CONFIG` when an option is unknown or not allowed.
   */
  constructor(options: AccountStateStoreOptions<T> = {}, entries: AccountRules['entries'] = 'exchange') {
    const { account, rejectStale, settings } = checkedStoreOptions(options);
    const events = new StoreEvents(settings?.accountId ?? '');
    const persistence = settings && new AccountLifecycle(settings, events);
    super(account, { rejectStale, entries }, persistence);
    this.#events = events;
    this.#persistence = persistence;
  }

  /**
   * Loads the account, takes it over, and fills the store (see the options `ownership` and `spill`). When the backend
   * fails, it rejects, and never makes the account look empty. The store is then as it was; call `restore()` again.
   *
   * Rejects `UNAVAILABLE`, `TIMEOUT`, `ABORTED`, `CORRUPT` (a record cannot be restored, `records` names it),
   * `ROLLED_BACK` (`mustExist`, `minRevision`), `ALREADY_OPEN`, `FENCED`, `CLOSED`, `NOT_INSTALLED` or `CONFIG`.
   */
  async restore(options?: RestoreOptions): Promise<RestoreResult> {
    return this.#requirePersistence('restore').restore(readOptions('restore', RESTORE_CALL, options));
  }

  /**
   * Attempts now, and resolves when everything that was pending at the call is durable. Rejects with the error of the
   * attempt when it fails, while the store goes on trying, and with the records' error, naming them, when some cannot
   * be written at all.
   */
  async flush(options?: FlushCallOptions): Promise<void> {
    const checked = readOptions('flush', FLUSH_CALL, options);
    await this.#requirePersistence('flush').withSession('flush', checked, ({ scheduler }) => scheduler.flush());
  }

  /**
   * Reads the account again, with `ownership: 'read-only'`. The store then shows what the backend held at one instant.
   *
   * Rejects as `restore()` does. Rejects `ROLLED_BACK` also when less is stored than the store shows, or another
   * history, unless `onRolledBack` names the stored head; and `CONFIG` with another `ownership`. Nothing changes.
   */
  async refresh(options?: RestoreOptions): Promise<RestoreResult> {
    return this.#requirePersistence('refresh').refresh(readOptions('refresh', RESTORE_CALL, options));
  }

  /**
   * Marks every persisted record in memory as changed, and flushes. After `ROLLED_BACK`, when the backend came back
   * older than what it had acknowledged, this writes the whole state again above the revisions that were lost, and
   * deletes the records that only the older state had.
   */
  async persistAll(options?: FlushCallOptions): Promise<void> {
    const checked = readOptions('persistAll', FLUSH_CALL, options);
    await this.#requirePersistence('persistAll').withSession('persistAll', checked, (session) => session.persistAll());
  }

  /**
   * Flushes what is pending, releases the account and closes the store. Idempotent. Rejects `UNPERSISTED`, naming the
   * records that it could not save by the deadline; the store is closed in that case, too.
   */
  async close(options?: CloseOptions): Promise<void> {
    const checked = readOptions('close', CLOSE_CALL, options);
    await this.#persistence?.close(checked);
  }

  /** Same as `close()`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /**
   * Throws when a change has been pending for too long. Call it before a new entry. It answers from what this store
   * knows: only the next commit, or {@link verifyOwnership}, finds out that another writer took the account over.
   *
   * @throws `LAGGING` when something has been pending for longer than `maxAgeMs`; `NOT_RESTORED`, `FENCED` or `CLOSED`
   * when nothing is durable any more; `CONFIG` without a driver.
   */
  requireDurable(options?: RequireDurableOptions): void {
    const checked = readOptions('requireDurable', REQUIRE_DURABLE_CALL, options);
    this.#requirePersistence('requireDurable').requireDurable(checked);
  }

  /**
   * Asks the backend whether this store still owns the account. Call it right before an order. It reads the head once,
   * or makes an empty commit where the driver's durability is `replicated`. Its answer held at that moment; it fences
   * nobody.
   *
   * Rejects `FENCED` when another writer has the account, `ROLLED_BACK` when the backend holds less than it
   * acknowledged, and as `flush()` does when the backend does not answer.
   */
  async verifyOwnership(options?: FlushCallOptions): Promise<void> {
    const checked = readOptions('verifyOwnership', FLUSH_CALL, options);
    await this.#requirePersistence('verifyOwnership').verifyOwnership(checked);
  }

  /** Returns what is durable now and what is not. */
  persistenceStatus(): PersistenceStatus {
    return (
      this.#persistence?.status() ?? { ...NOTHING_TO_FLUSH, state: 'detached', ownership: 'none', revision: undefined }
    );
  }

  /** Whether a change is pending; stays true while a commit is in flight. */
  override isPendingPersist(): boolean {
    return this.#persistence?.isPending() ?? super.isPendingPersist();
  }

  /**
   * `true` marks every persisted record in memory as changed. Without a driver it sets the flag that
   * `isPendingPersist()` returns, for callers who persist the account themselves.
   *
   * @throws `INVALID_VALUE` for `false` with a driver: the store itself tracks what is pending.
   */
  override setIsPendingPersist(value: boolean): void {
    const persistence = this.#persistence;
    if (value === true && persistence !== undefined) persistence.markAll();
    else if (typeof value === 'boolean' && persistence === undefined) super.setIsPendingPersist(value);
    else
      throw invalidValue('setIsPendingPersist', value, persistence === undefined ? 'a boolean' : 'true, with a driver');
  }

  /** Calls the listener at each event of that name. One that throws never stops the store. */
  on<Name extends StoreEventName>(name: Name, listener: StoreListener<Name>): this {
    this.#events.on(name, listener);
    return this;
  }

  /** Calls the listener at the next event of that name. */
  once<Name extends StoreEventName>(name: Name, listener: StoreListener<Name>): this {
    this.#events.once(name, listener);
    return this;
  }

  /** Removes a listener. */
  off<Name extends StoreEventName>(name: Name, listener: StoreListener<Name>): this {
    this.#events.off(name, listener);
    return this;
  }

  #requirePersistence(method: string): AccountLifecycle {
    if (this.#persistence !== undefined) return this.#persistence;
    const message = `${method}: this store has no driver; pass one (a MemoryDriver for tests), or use openAccount`;
    throw new AccountKeeperError('CONFIG', message);
  }
}
