import type { AccountObserver, RunningTransactions } from '../account/account-state.js';
import { AccountRecords } from '../account/tables/account-records.js';
import type { RecordTable } from '../account/tables/record-table.js';
import type { TableName } from '../account/tables/table-context.js';
import { AccountKeeperError, toAccountKeeperError } from '../errors.js';
import { changesBetween } from '../follow/changes.js';
import { HeadFollower } from '../follow/head-follower.js';
import type { RestoredSpills } from '../local-files/local-file-options.js';
import type { AccountHead } from '../persistence-driver.js';
import { type LoadedAccount, type OwnedAccount, RestoreAttempt } from '../restore/restore-attempt.js';
import type { RestoreOptions, RestoreResult, RollbackChoice } from '../restore/restore-options.js';
import { RestoreRun } from '../restore/restore-run.js';
import { namesHead } from '../restore/rollback.js';
import type { Emitter } from '../shared/emitter.js';
import { timeOfId } from '../shared/time-id.js';
import { DRIVER_GRACE_MS, within } from '../shared/within.js';
import { type FlushStatus, NOTHING_TO_FLUSH } from '../write-behind/flush-status.js';
import { releaseAccount, reserveAccount } from './open-accounts.js';
import { OwnedSession, type SessionEnd, type SessionOwner } from './owned-session.js';
import type { Ownership, PersistenceState, PersistenceStatus } from './persistence-status.js';
import type { AccountEvents } from './store-events.js';
import type { CloseOptions, FlushCallOptions, RequireDurableOptions } from './store-options.js';
import type { StoreSettings } from './store-settings.js';

const CLOSE_TIMEOUT_MS = 10_000;

/** Before there are tables. */
const NO_RECORDS = new AccountRecords([], new Set());

const NOTHING_LEFT: SessionEnd = { recordKeys: [], lost: [], error: undefined };

type Lifecycle =
  | { readonly phase: 'unrestored' }
  | { readonly phase: 'restoring'; readonly run: RestoreRun; readonly settled: Promise<unknown> }
  | {
      readonly phase: 'reading';
      readonly run: RestoreRun;
      readonly head: AccountHead | undefined;
      readonly follower: HeadFollower | undefined;
      /** As long as the head is shown that it names, it holds. */
      readonly word: RollbackChoice | undefined;
    }
  | { readonly phase: 'open'; readonly session: OwnedSession }
  | { readonly phase: 'fenced'; readonly session: OwnedSession; readonly error: AccountKeeperError }
  | {
      readonly phase: 'closing' | 'closed';
      readonly session: OwnedSession | undefined;
      readonly done: Promise<void>;
    };

type Reading = Extract<Lifecycle, { readonly phase: 'reading' }>;

/** The persisted life of one store: restore, write behind, lose ownership, close. */
export class AccountLifecycle implements AccountObserver, SessionOwner {
  readonly #settings: StoreSettings;
  readonly #events: Emitter<AccountEvents>;
  #records = NO_RECORDS;
  #transactions: RunningTransactions | undefined;
  #lifecycle: Lifecycle = { phase: 'unrestored' };

  constructor(settings: StoreSettings, events: Emitter<AccountEvents>) {
    this.#settings = settings;
    this.#events = events;
  }

  attach(tables: readonly RecordTable[], transactions: RunningTransactions): void {
    this.#records = new AccountRecords(tables, this.#settings.persist);
    this.#transactions = transactions;
  }

  abandonTransaction(): void {
    this.#transactions?.abandon();
  }

  sessionFenced(session: OwnedSession, error: AccountKeeperError): void {
    if (this.#lifecycle.phase === 'open') this.#lifecycle = { phase: 'fenced', session, error };
  }

  /** @throws `NOT_RESTORED`, `READ_ONLY`, `FENCED` or `CLOSED` */
  assertWritable(table: TableName): void {
    if (this.#lifecycle.phase !== 'open' && this.#settings.persist.has(table)) throw this.#notOpen();
  }

  markChanged(table: TableName, recordKey: string): void {
    const { phase } = this.#lifecycle;
    // Closing: a transaction that called close() ends, and what it changed is saved as well.
    if ((phase !== 'open' && phase !== 'closing') || !this.#settings.persist.has(table)) return;
    this.#lifecycle.session?.scheduler.markPending(recordKey);
  }

  isPending(): boolean {
    return this.#session?.scheduler.isPending ?? false;
  }

  /** Marks every record that is in memory as changed. */
  markAll(): void {
    this.#requireSession().scheduler.rewrite();
  }

  async restore(options: RestoreOptions): Promise<RestoreResult> {
    if (this.#lifecycle.phase !== 'unrestored') throw this.#cannotRestore();
    const { accountId, driver, ownership } = this.#settings;
    const reservation = ownership.mode === 'read-only' ? undefined : reserveAccount(driver, accountId);
    const run = new RestoreRun(this.#settings, this.#records, this.#events);
    const attempted = async (): Promise<() => RestoreResult> => {
      const attempt = new RestoreAttempt(run, options);
      if (ownership.mode === 'read-only') {
        const loaded = await attempt.read();
        return () => this.#read(loaded, run, options.onRolledBack);
      }
      const owned = await attempt.takeOver();
      return () => this.#begin(owned, run, reservation);
    };
    const restoring = attempted();
    // `settled` resolves when it is over; the caller of restore learns how it went.
    const lifecycle: Lifecycle = { phase: 'restoring', run, settled: restoring.catch(() => undefined) };
    this.#lifecycle = lifecycle;
    try {
      const begin = await restoring;
      if (this.#lifecycle !== lifecycle) throw this.#notOpen();
      const result = begin();
      this.#events.emit('restored', result);
      return result;
    } catch (thrown) {
      releaseAccount(driver, accountId, reservation);
      // Why the restore has failed must not wait for a backend that may be gone.
      run.lease?.release().catch(() => undefined);
      if (this.#lifecycle === lifecycle) this.#lifecycle = { phase: 'unrestored' };
      throw toAccountKeeperError(thrown, 'restore');
    }
  }

  /** Reads an account anew that is not owned. */
  async refresh(options: RestoreOptions): Promise<RestoreResult> {
    return (await this.#reload(options))();
  }

  /** Reads the account, and resolves to what shows it, if it is news. */
  async #reload(options: RestoreOptions): Promise<() => RestoreResult> {
    const before = this.#lifecycle;
    if (before.phase !== 'reading') throw this.#cannotRefresh();
    const word = options.onRolledBack ?? before.word;
    const limits = word === undefined ? options : { ...options, onRolledBack: word };
    const loaded = await new RestoreAttempt(before.run, limits).read();
    return () => {
      const now = this.#lifecycle;
      if (now.phase !== 'reading') throw this.#notOpen();
      const { head } = loaded;
      // Another refresh that began later may have been faster; what the operator has named is shown all the same.
      const isNews = revisionOf(head) >= revisionOf(now.head) || namesHead(options.onRolledBack, head);
      if (isNews) this.#show(loaded, now, word);
      return resultOf(loaded);
    };
  }

  /** Does something with the session, within the caller's limits. What it does goes on regardless. */
  async withSession(
    doing: string,
    options: FlushCallOptions,
    work: (session: OwnedSession) => Promise<void>,
  ): Promise<void> {
    const session = this.#requireSession();
    await within({ clock: this.#settings.clock, doing, ...options }, () => work(session));
  }

  /**
   * One read of the head; for a replicated account an empty commit, which alone says that nobody else is the owner.
   * Rejects `FENCED` or `ROLLED_BACK` when another head is stored; the next commit finds that out by itself.
   */
  async verifyOwnership(options: FlushCallOptions): Promise<void> {
    const { accountId, driver, flush } = this.#settings;
    await this.withSession('verifyOwnership', { timeoutMs: flush.commitTimeoutMs, ...options }, async (session) => {
      if (driver.capabilities.durability === 'replicated') return session.scheduler.check();
      const before = session.writer.head;
      const stored = await driver.head(accountId, { timeoutMs: flush.commitTimeoutMs, ...options });
      if (stored?.writerId === before.writerId && stored.revision >= before.revision) return undefined;
      const code = stored === undefined || stored.revision < before.revision ? 'ROLLED_BACK' : 'FENCED';
      const message = `account ${JSON.stringify(accountId)}: expected revision ${before.revision} of this store or above, received revision ${stored?.revision ?? 0} of ${stored?.writerId ?? 'nobody'}`;
      throw new AccountKeeperError(code, message, { head: stored });
    });
  }

  /** @throws `LAGGING`, or why nothing can be durable at all: `NOT_RESTORED`, `READ_ONLY`, `FENCED`, `CLOSED` */
  requireDurable({ maxAgeMs = this.#settings.flush.maxPendingAgeMs }: RequireDurableOptions): void {
    const { pendingRecords, oldestPendingMs, lastError } = this.#requireSession().scheduler.status();
    if (pendingRecords === 0 || oldestPendingMs <= maxAgeMs) return;
    const message = `${pendingRecords} record(s) are not durable: expected changes of up to ${maxAgeMs} ms, received one of ${Math.round(oldestPendingMs)} ms`;
    throw new AccountKeeperError('LAGGING', message, { cause: lastError });
  }

  status(): PersistenceStatus {
    const session = this.#session;
    const flush = session?.scheduler.status() ?? NOTHING_TO_FLUSH;
    const follower = this.#lifecycle.phase === 'reading' ? this.#lifecycle.follower : undefined;
    return {
      ...flush,
      ...follower?.status(),
      state: this.#state(flush),
      ownership: this.#ownership(),
      revision: this.#lifecycle.phase === 'reading' ? revisionOf(this.#lifecycle.head) : session?.writer.head.revision,
    };
  }

  close({ deadlineMs = CLOSE_TIMEOUT_MS, timeoutMs = deadlineMs }: CloseOptions): Promise<void> {
    if ('done' in this.#lifecycle) return this.#lifecycle.done;
    const session = this.#session;
    if (this.#lifecycle.phase === 'reading') this.#lifecycle.follower?.stop();
    const done = this.#close(this.#lifecycle, timeoutMs).finally(() => {
      this.#lifecycle = { phase: 'closed', session, done };
    });
    this.#lifecycle = { phase: 'closing', session, done };
    return done;
  }

  get #session(): OwnedSession | undefined {
    return 'session' in this.#lifecycle ? this.#lifecycle.session : undefined;
  }

  /** From here on the account is ours, and everything that changes is written. */
  #begin(owned: OwnedAccount, run: RestoreRun, reservation: number | undefined): RestoreResult {
    owned.account.show();
    const session = new OwnedSession({
      settings: this.#settings,
      events: this.#events,
      owner: this,
      run,
      owned,
      reservation,
    });
    this.#lifecycle = { phase: 'open', session };
    return resultOf(owned, run.files.clear(owned.plan, owned.damaged));
  }

  /** From here on the account is shown as it was read, and is followed if that is wanted. */
  #read(loaded: LoadedAccount, run: RestoreRun, choice: RollbackChoice | undefined): RestoreResult {
    const follower = this.#settings.ownership.follow ? this.#follow() : undefined;
    this.#show(loaded, { phase: 'reading', run, head: undefined, follower, word: undefined }, choice);
    return resultOf(loaded);
  }

  /** Puts what was read in the place of what was there, in one step. */
  #show({ account, head }: LoadedAccount, reading: Reading, choice: RollbackChoice | undefined): void {
    const { run } = reading;
    const former = run.shown;
    account.show();
    run.files.show(head);
    run.shown = account.read;
    const word = namesHead(choice, head) ? choice : undefined;
    const isFirst = this.#lifecycle.phase !== 'reading';
    this.#lifecycle = { ...reading, head, word };
    const isSame = head?.writeId === reading.head?.writeId && head?.revision === reading.head?.revision;
    if (isFirst || isSame || former === undefined || account.read === undefined) return;
    const { changed, removed } = changesBetween(former, account.read, ({ raw }) => raw);
    const committedAtMs = head && timeOfId(head.writeId);
    this.#events.emit('refreshed', { revision: revisionOf(head), changed, removed, committedAtMs });
  }

  #follow(): HeadFollower {
    const { accountId, clock, driver, ownership, random } = this.#settings;
    return new HeadFollower({
      driver,
      accountId,
      clock,
      random,
      pollMs: ownership.pollMs,
      isShown: (head) => {
        const shown = this.#lifecycle.phase === 'reading' ? this.#lifecycle.head : undefined;
        return shown?.writeId === head?.writeId && shown?.revision === head?.revision;
      },
      read: (_, limits) => this.#reload(limits),
      onFailure: (failure) => this.#events.emit('refresh-failed', failure),
      onRecovered: (failures) => this.#events.emit('recovered', { failures }),
    });
  }

  async #close(from: Lifecycle, timeoutMs: number): Promise<void> {
    const { clock, closeDriver, driver } = this.#settings;
    const startedMs = clock.monotonic();
    if (from.phase === 'restoring') {
      from.run.closing.abort();
      await from.settled;
    }
    const session = 'session' in from ? from.session : undefined;
    const left = (await session?.end(timeoutMs)) ?? NOTHING_LEFT;
    try {
      // Whatever the drain took: a driver that is healthy closes at once, and one that hangs must not hold us up.
      if (closeDriver) {
        const restMs = Math.ceil(Math.max(1_000, timeoutMs - (clock.monotonic() - startedMs)));
        const limits = { clock, doing: 'close', timeoutMs: restMs + DRIVER_GRACE_MS };
        await within(limits, () => driver.close({ timeoutMs: restMs }));
      }
    } finally {
      this.#events.emit('closed', { unpersisted: left.recordKeys });
      requirePersisted(left, session?.spillFile);
    }
  }

  #state({ consecutiveFailures }: FlushStatus): PersistenceState {
    const { phase } = this.#lifecycle;
    if (phase === 'restoring') return 'unrestored';
    if (phase === 'reading') return this.#lifecycle.follower?.status().lastError === undefined ? 'idle' : 'retrying';
    if (phase !== 'open') return phase;
    const { scheduler } = this.#lifecycle.session;
    if (scheduler.activity === 'flushing') return 'flushing';
    if (consecutiveFailures > 0) return 'retrying';
    return scheduler.isPending ? 'pending' : 'idle';
  }

  #ownership(): Ownership {
    switch (this.#lifecycle.phase) {
      case 'unrestored':
        return 'none';
      case 'restoring':
        return this.#lifecycle.run.isWaiting ? 'waiting' : 'none';
      case 'reading':
        return 'read-only';
      case 'fenced':
        return 'fenced';
      case 'closed':
        return this.#session?.isReleased === true ? 'released' : 'none';
      default:
        return this.#session === undefined ? 'none' : 'owner';
    }
  }

  #requireSession(): OwnedSession {
    if (this.#lifecycle.phase === 'open') return this.#lifecycle.session;
    throw this.#notOpen();
  }

  #notOpen(): AccountKeeperError {
    const account = `account ${JSON.stringify(this.#settings.accountId)}`;
    switch (this.#lifecycle.phase) {
      case 'fenced': {
        const { error } = this.#lifecycle;
        return new AccountKeeperError('FENCED', error.message, { head: error.head, cause: error });
      }
      case 'closing':
      case 'closed':
        return new AccountKeeperError('CLOSED', `the store of ${account} is closed`);
      case 'reading':
        return new AccountKeeperError('READ_ONLY', `${account} was opened with ownership 'read-only'`);
      default:
        return new AccountKeeperError('NOT_RESTORED', `${account} was not restored yet: await restore() first`);
    }
  }

  #cannotRestore(): AccountKeeperError {
    const { phase } = this.#lifecycle;
    if (phase === 'closing' || phase === 'closed' || phase === 'fenced') return this.#notOpen();
    const message = `account ${JSON.stringify(this.#settings.accountId)} is restored already`;
    return new AccountKeeperError('ALREADY_OPEN', message);
  }

  #cannotRefresh(): AccountKeeperError {
    if (this.#lifecycle.phase !== 'open') return this.#notOpen();
    return new AccountKeeperError(
      'CONFIG',
      "refresh: expected ownership 'read-only', received a store that owns the account and has its newest state",
    );
  }
}

function revisionOf(head: AccountHead | undefined): number {
  return head?.revision ?? 0;
}

function resultOf({ account, foreign, head }: LoadedAccount, spills?: RestoredSpills): RestoreResult {
  const { records, rejected } = account;
  return {
    status: records + rejected.length === 0 ? 'empty' : 'restored',
    revision: head?.revision ?? 0,
    records,
    quarantined: rejected,
    ...(spills === undefined ? {} : { spills }),
    foreignFiles: foreign,
  };
}

/** @throws `UNPERSISTED` naming the records that could not be saved. */
function requirePersisted(
  { recordKeys: records, lost, error: cause }: SessionEnd,
  spillFile: string | undefined,
): void {
  if (records.length === 0) return;
  const use =
    cause?.code === 'FENCED'
      ? 'to be compared by you: another writer took the account over, and no restore replays them'
      : 'for the next restore';
  const kept =
    spillFile === undefined ? '' : `; ${records.length - lost.length} of them are kept in ${spillFile}, ${use}`;
  const message = `${records.length} record(s) could not be saved before closing, the first is ${records[0]}${kept}`;
  throw new AccountKeeperError('UNPERSISTED', message, { outcome: 'unknown', records, lost, cause, spillFile });
}
