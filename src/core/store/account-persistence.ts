import type { Clock } from '../clock.js';
import { AccountKeeperError, toAccountKeeperError } from '../errors.js';
import { requireDuration } from '../option-checks.js';
import type { AccountHead } from '../persistence-driver.js';
import type { ReadAccount } from '../restore/record-reader.js';
import type { RestoredSpills, RestoreOptions, RestoreResult, RollbackChoice } from '../restore/restore-options.js';
import { namesHead } from '../restore/rollback.js';
import type { RestoredAccount } from '../restore/take-over.js';
import type { AccountRecords } from '../tables/account-records.js';
import type { TableName } from '../tables/record-table.js';
import { within } from '../within.js';
import { AccountSession, type SessionEnd } from './account-session.js';
import { reserveAccount } from './open-accounts.js';
import type { PersistenceParts } from './persistence-parts.js';
import type { Ownership, PersistenceState, PersistenceStatus } from './persistence-status.js';
import { type Restored, RestoreRun } from './restore-run.js';
import type { StoreEvents } from './store-events.js';
import type { CloseOptions, FlushCallOptions, RequireDurableOptions } from './store-options.js';

const CLOSE_DEADLINE_MS = 10_000;

/** What a driver gets on top of a deadline: it promises to settle by itself. */
const GRACE_MS = 250;

const NOTHING_LEFT: SessionEnd = { recordKeys: [], lost: [], error: undefined, released: false };

type Lifecycle<T extends object> =
  | { readonly phase: 'unrestored' }
  | { readonly phase: 'restoring'; readonly run: RestoreRun<T>; readonly settled: Promise<unknown> }
  | {
      readonly phase: 'reading';
      readonly run: RestoreRun<T>;
      readonly revision: number;
      /** As long as the head is shown that it names, it holds. */
      readonly word: RollbackChoice | undefined;
    }
  | { readonly phase: 'open'; readonly session: AccountSession<T> }
  | { readonly phase: 'fenced'; readonly session: AccountSession<T>; readonly error: AccountKeeperError }
  | { readonly phase: 'closing'; readonly session: AccountSession<T> | undefined; readonly done: Promise<void> }
  | {
      readonly phase: 'closed';
      readonly session: AccountSession<T> | undefined;
      readonly done: Promise<void>;
      readonly released: boolean;
    };

/** The persisted life of one store: restore, write behind, lose ownership, close. */
export class AccountPersistence<T extends object> {
  readonly #parts: PersistenceParts<T>;
  readonly #events: StoreEvents;
  readonly #records: AccountRecords;
  readonly #abandonTransaction: () => void;
  #lifecycle: Lifecycle<T> = { phase: 'unrestored' };
  #released = false;

  /** @param abandonTransaction takes back what a running transaction has changed. */
  constructor(
    parts: PersistenceParts<T>,
    events: StoreEvents,
    records: AccountRecords,
    abandonTransaction: () => void,
  ) {
    this.#parts = parts;
    this.#events = events;
    this.#records = records;
    this.#abandonTransaction = abandonTransaction;
  }

  /** @throws `NOT_RESTORED`, `READ_ONLY`, `FENCED` or `CLOSED` */
  assertWritable(table: TableName): void {
    if (this.#lifecycle.phase !== 'open' && this.#parts.persisted.has(table)) throw this.#notOpen();
  }

  changed(table: TableName, recordKey: string): void {
    const { phase } = this.#lifecycle;
    // Closing: a transaction that called close() ends, and what it changed is saved as well.
    if ((phase !== 'open' && phase !== 'closing') || !this.#parts.persisted.has(table)) return;
    this.#lifecycle.session?.changed(recordKey);
  }

  isPending(): boolean {
    return this.#session?.isPending ?? false;
  }

  /** Marks every record that is in memory as changed. */
  markAll(): void {
    this.#requireSession().markAll();
  }

  async restore(options: RestoreOptions): Promise<RestoreResult> {
    if (this.#lifecycle.phase !== 'unrestored') throw this.#cannotRestore();
    const { accountId, driver, ownership } = this.#parts;
    const unreserve = ownership.mode === 'read-only' ? () => undefined : reserveAccount(driver, accountId);
    const run = new RestoreRun(this.#parts, this.#events, this.#records);
    const restoring = run.restore(options);
    const lifecycle: Lifecycle<T> = { phase: 'restoring', run, settled: restoring.catch(() => undefined) };
    this.#lifecycle = lifecycle;
    try {
      const restored = await restoring;
      if (this.#lifecycle !== lifecycle) throw this.#notOpen();
      return this.#begin(restored, run, unreserve, options.onRolledBack);
    } catch (thrown) {
      unreserve();
      // Why the restore has failed must not wait for a backend that may be gone.
      run.abandon().catch(() => undefined);
      if (this.#lifecycle === lifecycle) this.#lifecycle = { phase: 'unrestored' };
      throw toAccountKeeperError(thrown, 'restore');
    }
  }

  /** Reads an account anew that is not owned. */
  async refresh(options: RestoreOptions): Promise<RestoreResult> {
    const before = this.#lifecycle;
    if (before.phase !== 'reading') throw this.#cannotRefresh();
    const word = options.onRolledBack ?? before.word;
    const limits = word === undefined ? options : { ...options, onRolledBack: word };
    const { head, account, foreign } = await before.run.read(limits);
    const now = this.#lifecycle;
    if (now.phase !== 'reading') throw this.#notOpen();
    // Another refresh that began later may have been faster; what the operator has named is shown all the same.
    if ((head?.revision ?? 0) >= now.revision || namesHead(options.onRolledBack, head)) {
      this.#show(head, account, now.run, word);
    }
    return resultOf(head?.revision ?? 0, account, foreign);
  }

  flush(options: FlushCallOptions): Promise<void> {
    return this.#limited('flush', options, (session) => session.flush());
  }

  persistAll(options: FlushCallOptions): Promise<void> {
    return this.#limited('persistAll', options, (session) => session.persistAll());
  }

  /**
   * One read of the head; for a replicated account an empty commit, which alone says that nobody else is the owner.
   * Rejects `FENCED` or `ROLLED_BACK` when another head is stored; the next commit finds that out by itself.
   */
  async verifyOwnership(options: FlushCallOptions): Promise<void> {
    const { accountId, driver, flush } = this.#parts;
    await this.#limited('verifyOwnership', { timeoutMs: flush.commitTimeoutMs, ...options }, async (session) => {
      if (driver.capabilities.durability === 'replicated') return session.check();
      const before = session.writer.head;
      const stored = await driver.head(accountId, { timeoutMs: flush.commitTimeoutMs, ...options });
      if (stored?.writerId === before.writerId && stored.revision >= before.revision) return undefined;
      const code = stored === undefined || stored.revision < before.revision ? 'ROLLED_BACK' : 'FENCED';
      const message = `account ${JSON.stringify(accountId)}: expected revision ${before.revision} of this store or above, received revision ${stored?.revision ?? 0} of ${stored?.writerId ?? 'nobody'}`;
      throw new AccountKeeperError(code, message, { head: stored });
    });
  }

  /** @throws `LAGGING`, or why nothing can be durable at all: `NOT_RESTORED`, `READ_ONLY`, `FENCED`, `CLOSED` */
  requireDurable({ maxAgeMs = this.#parts.flush.maxPendingAgeMs }: RequireDurableOptions): void {
    requireDuration('maxAgeMs', maxAgeMs);
    const { pendingRecords, oldestPendingMs, lastError } = this.#requireSession().status();
    if (pendingRecords === 0 || oldestPendingMs <= maxAgeMs) return;
    const message = `${pendingRecords} record(s) are not durable, the oldest change for ${Math.round(oldestPendingMs)} ms (allowed: ${maxAgeMs})`;
    throw new AccountKeeperError('LAGGING', message, { cause: lastError });
  }

  status(): PersistenceStatus {
    const session = this.#session;
    const flush = session?.status();
    const retryInMs = flush?.retryInMs;
    return {
      state: this.#state(),
      ownership: this.#ownership(),
      pendingRecords: flush?.pendingRecords ?? 0,
      oldestPendingMs: flush?.oldestPendingMs ?? 0,
      revision: this.#lifecycle.phase === 'reading' ? this.#lifecycle.revision : session?.writer.head.revision,
      lastFlushedAt: flush?.lastFlushedAt,
      consecutiveFailures: flush?.consecutiveFailures ?? 0,
      lastError: flush?.lastError,
      rejected: flush?.rejected ?? [],
      nextRetryAt: retryInMs === undefined ? undefined : this.#parts.clock.now() + retryInMs,
    };
  }

  close({ deadlineMs = CLOSE_DEADLINE_MS }: CloseOptions): Promise<void> {
    if ('done' in this.#lifecycle) return this.#lifecycle.done;
    requireDuration('deadlineMs', deadlineMs);
    const session = this.#session;
    const done = this.#close(this.#lifecycle, deadlineMs).finally(() => {
      this.#lifecycle = { phase: 'closed', session, done, released: this.#released };
    });
    this.#lifecycle = { phase: 'closing', session, done };
    return done;
  }

  get #session(): AccountSession<T> | undefined {
    return 'session' in this.#lifecycle ? this.#lifecycle.session : undefined;
  }

  #begin(
    restored: Restored,
    run: RestoreRun<T>,
    unreserve: () => void,
    word: RollbackChoice | undefined,
  ): RestoreResult {
    switch (restored.kind) {
      case 'owned':
        return this.#beginOwned(restored, run, unreserve);
      case 'read-only':
        this.#show(restored.head, restored.account, run, word);
        return this.#tellRestored(resultOf(restored.head?.revision ?? 0, restored.account, restored.foreign));
    }
  }

  /** From here on the account is ours, and everything that changes is written. */
  #beginOwned(restored: RestoredAccount, run: RestoreRun<T>, unreserve: () => void): RestoreResult {
    const { account, foreign, head, local, plan } = restored;
    this.#fill(account);
    const session: AccountSession<T> = new AccountSession({
      parts: this.#parts,
      events: this.#events,
      records: this.#records,
      restored,
      files: run.files,
      lease: run.lease,
      abandonTransaction: this.#abandonTransaction,
      unreserve,
      onFenced: (error) => {
        if (this.#lifecycle.phase === 'open') this.#lifecycle = { phase: 'fenced', session, error };
      },
    });
    this.#lifecycle = { phase: 'open', session };
    return this.#tellRestored(resultOf(head.revision, account, foreign, run.files.clear(plan, local.damaged)));
  }

  #fill({ records }: ReadAccount): void {
    for (const { recordKey, value } of records) {
      this.#records.tableOf(recordKey)?.restoreRecord(recordKey, value);
    }
  }

  /** Puts what was read in the place of what was there, in one step. */
  #show(
    head: AccountHead | undefined,
    account: ReadAccount,
    run: RestoreRun<T>,
    word: RollbackChoice | undefined,
  ): void {
    const present = new Set(account.records.map(({ recordKey }) => recordKey));
    for (const recordKey of this.#records.keys()) {
      if (!present.has(recordKey)) this.#records.tableOf(recordKey)?.forgetRecord(recordKey);
    }
    this.#fill(account);
    run.files.show(head);
    this.#lifecycle = {
      phase: 'reading',
      run,
      revision: head?.revision ?? 0,
      word: namesHead(word, head) ? word : undefined,
    };
  }

  #tellRestored(result: RestoreResult): RestoreResult {
    this.#events.emit('restored', { accountId: this.#parts.accountId, ...result });
    return result;
  }

  async #close(from: Lifecycle<T>, deadlineMs: number): Promise<void> {
    const { accountId, clock, closeDriver, driver } = this.#parts;
    const startedMs = clock.monotonic();
    if (from.phase === 'restoring') {
      from.run.abort();
      await from.settled;
    }
    const session = 'session' in from ? from.session : undefined;
    const left = (await session?.end(deadlineMs)) ?? NOTHING_LEFT;
    this.#released = left.released;
    try {
      // Whatever the drain took: a driver that is healthy closes at once, and one that hangs must not hold us up.
      if (closeDriver) {
        const timeoutMs = Math.ceil(Math.max(1_000, deadlineMs - (clock.monotonic() - startedMs)));
        await bounded('close', clock, { timeoutMs: timeoutMs + GRACE_MS }, () => driver.close({ timeoutMs }));
      }
    } finally {
      this.#events.emit('closed', { accountId, unpersisted: left.recordKeys });
      requirePersisted(left, session?.spillFile);
    }
  }

  #state(): PersistenceState {
    const { phase } = this.#lifecycle;
    if (phase === 'restoring') return 'unrestored';
    if (phase === 'reading') return 'idle';
    if (phase !== 'open') return phase;
    const { session } = this.#lifecycle;
    const { activity, consecutiveFailures } = session.status();
    if (activity === 'flushing') return 'flushing';
    if (consecutiveFailures > 0) return 'retrying';
    return session.isPending ? 'pending' : 'idle';
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
        return this.#lifecycle.released ? 'released' : 'none';
      default:
        return this.#session === undefined ? 'none' : 'owner';
    }
  }

  async #limited(
    doing: string,
    options: FlushCallOptions,
    work: (session: AccountSession<T>) => Promise<void>,
  ): Promise<void> {
    const session = this.#requireSession();
    await bounded(doing, this.#parts.clock, options, () => work(session));
  }

  #requireSession(): AccountSession<T> {
    if (this.#lifecycle.phase === 'open') return this.#lifecycle.session;
    throw this.#notOpen();
  }

  #notOpen(): AccountKeeperError {
    const account = `account ${JSON.stringify(this.#parts.accountId)}`;
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
    const message = `account ${JSON.stringify(this.#parts.accountId)} is restored already`;
    return new AccountKeeperError('ALREADY_OPEN', message);
  }

  #cannotRefresh(): AccountKeeperError {
    if (this.#lifecycle.phase !== 'open') return this.#notOpen();
    return new AccountKeeperError(
      'CONFIG',
      "refresh: allowed with ownership 'read-only'; the owner has the newest state",
    );
  }
}

function resultOf(
  revision: number,
  { records, rejected }: ReadAccount,
  foreignFiles: readonly string[],
  spills?: RestoredSpills,
): RestoreResult {
  return {
    status: records.length + rejected.length === 0 ? 'empty' : 'restored',
    revision,
    records: records.length,
    quarantined: rejected,
    ...(spills === undefined ? {} : { spills }),
    foreignFiles,
  };
}

/** Waits within the caller's limits. What it waits for goes on regardless. */
function bounded(
  doing: string,
  clock: Clock,
  { timeoutMs, signal }: FlushCallOptions,
  work: () => Promise<void>,
): Promise<void> {
  const outcome = 'unknown';
  const late = `${doing} did not finish within ${timeoutMs} ms`;
  return within(
    {
      clock,
      timeoutMs: timeoutMs === undefined ? undefined : requireDuration('timeoutMs', timeoutMs),
      signal,
      late: () => new AccountKeeperError('TIMEOUT', late, { outcome }),
      aborted: (cause) => new AccountKeeperError('ABORTED', `${doing} was aborted`, { outcome, cause }),
    },
    work,
  );
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
