import { AccountKeeperError, toAccountKeeperError } from '../errors.js';
import { AccountWriter } from '../flush/account-writer.js';
import { FlushScheduler } from '../flush/flush-scheduler.js';
import { requireDuration } from '../option-checks.js';
import { Quarantine } from '../restore/quarantine.js';
import type { RestoreOptions, RestoreResult } from '../restore/restore-options.js';
import { type RestoredAccount, takeOver } from '../restore/take-over.js';
import type { RecordTable, TableName } from '../tables/change-sink.js';
import { withCallLimits } from './call-limits.js';
import { reserveAccount } from './open-accounts.js';
import type { PersistenceParts } from './persistence-parts.js';
import type { PersistenceState, PersistenceStatus } from './persistence-status.js';
import { RecordEncoder } from './record-encoder.js';
import type { StoreEvents } from './store-events.js';
import type { CloseOptions, FlushCallOptions, RequireDurableOptions } from './store-options.js';

const CLOSE_DEADLINE_MS = 10_000;

/** What a restored store writes with. */
interface Session {
  readonly scheduler: FlushScheduler;
  readonly writer: AccountWriter;
  readonly encoder: RecordEncoder;
  readonly release: () => void;
}

type Lifecycle =
  | { readonly phase: 'unrestored' }
  | { readonly phase: 'restoring'; readonly abort: AbortController; readonly settled: Promise<unknown> }
  | { readonly phase: 'open'; readonly session: Session }
  | { readonly phase: 'fenced'; readonly session: Session; readonly error: AccountKeeperError }
  | { readonly phase: 'closing' | 'closed'; readonly session: Session | undefined; readonly done: Promise<void> };

/** The tables of a store, and how to make empty ones like them. */
export interface PersistedTables {
  readonly tables: readonly RecordTable[];
  readonly createScratch: () => readonly RecordTable[];
}

/** The persisted life of one store: restore, write behind, lose ownership, close. */
export class AccountPersistence<T extends object> {
  readonly #parts: PersistenceParts<T>;
  readonly #events: StoreEvents;
  readonly #tables: readonly RecordTable[];
  readonly #createScratch: () => readonly RecordTable[];
  #lifecycle: Lifecycle = { phase: 'unrestored' };

  constructor(parts: PersistenceParts<T>, events: StoreEvents, { tables, createScratch }: PersistedTables) {
    const persisted = (table: RecordTable): boolean => parts.persisted.has(table.name);
    this.#parts = parts;
    this.#events = events;
    this.#tables = tables.filter(persisted);
    this.#createScratch = () => createScratch().filter(persisted);
  }

  /** @throws `NOT_RESTORED`, `FENCED` or `CLOSED` */
  assertWritable(table: TableName): void {
    if (this.#lifecycle.phase !== 'open' && this.#parts.persisted.has(table)) throw this.#notOpen();
  }

  changed(table: TableName, recordKey: string): void {
    const { phase } = this.#lifecycle;
    // Closing: a transaction that called close() ends, and what it changed is saved as well.
    if ((phase !== 'open' && phase !== 'closing') || !this.#parts.persisted.has(table)) return;
    this.#lifecycle.session?.scheduler.changed(recordKey);
  }

  isPending(): boolean {
    return 'session' in this.#lifecycle && (this.#lifecycle.session?.scheduler.isPending ?? false);
  }

  /** Marks every record that is in memory as changed. */
  markAll(): void {
    const { scheduler } = this.#requireSession();
    for (const table of this.#tables) for (const recordKey of table.recordKeys()) scheduler.changed(recordKey);
  }

  async restore(options: RestoreOptions): Promise<RestoreResult> {
    if (this.#lifecycle.phase === 'restoring' || 'session' in this.#lifecycle) throw this.#cannotRestore();
    const release = reserveAccount(this.#parts.driver, this.#parts.accountId);
    const abort = new AbortController();
    const restoring = this.#takeOver(options, abort.signal);
    const settled = restoring.catch((error: unknown) => error);
    const lifecycle: Lifecycle = { phase: 'restoring', abort, settled };
    this.#lifecycle = lifecycle;
    try {
      const restored = await restoring;
      if (this.#lifecycle !== lifecycle) throw this.#notOpen();
      return this.#begin(restored, release);
    } catch (thrown) {
      release();
      if (this.#lifecycle === lifecycle) this.#lifecycle = { phase: 'unrestored' };
      throw toAccountKeeperError(thrown, 'restore');
    }
  }

  async flush(options: FlushCallOptions): Promise<void> {
    await withCallLimits('flush', this.#parts.clock, options, this.#requireSession().scheduler.flush());
  }

  /** @throws `LAGGING`, or why nothing can be durable at all: `NOT_RESTORED`, `FENCED`, `CLOSED` */
  requireDurable({ maxAgeMs = this.#parts.flush.maxPendingAgeMs }: RequireDurableOptions): void {
    requireDuration('maxAgeMs', maxAgeMs);
    const { pendingRecords, oldestPendingMs, lastError } = this.#requireSession().scheduler.status();
    if (pendingRecords === 0 || oldestPendingMs <= maxAgeMs) return;
    const message = `${pendingRecords} record(s) are not durable, the oldest change for ${Math.round(oldestPendingMs)} ms (allowed: ${maxAgeMs})`;
    throw new AccountKeeperError('LAGGING', message, { cause: lastError });
  }

  status(): PersistenceStatus {
    const session = 'session' in this.#lifecycle ? this.#lifecycle.session : undefined;
    const flush = session?.scheduler.status();
    const retryInMs = flush?.retryInMs;
    return {
      state: this.#state(),
      pendingRecords: flush?.pendingRecords ?? 0,
      oldestPendingMs: flush?.oldestPendingMs ?? 0,
      revision: session?.writer.head.revision,
      lastFlushedAt: flush?.lastFlushedAt,
      consecutiveFailures: flush?.consecutiveFailures ?? 0,
      lastError: flush?.lastError,
      nextRetryAt: retryInMs === undefined ? undefined : this.#parts.clock.now() + retryInMs,
    };
  }

  close({ deadlineMs = CLOSE_DEADLINE_MS }: CloseOptions): Promise<void> {
    if ('done' in this.#lifecycle) return this.#lifecycle.done;
    requireDuration('deadlineMs', deadlineMs);
    const session = 'session' in this.#lifecycle ? this.#lifecycle.session : undefined;
    const done = this.#close(this.#lifecycle, deadlineMs).finally(() => {
      this.#lifecycle = { phase: 'closed', session, done };
    });
    this.#lifecycle = { phase: 'closing', session, done };
    return done;
  }

  async #takeOver(options: RestoreOptions, closing: AbortSignal): Promise<RestoredAccount> {
    const { accountId, clock, createId, driver, onRejected, reader } = this.#parts;
    const onWarning: Parameters<typeof takeOver>[0]['onWarning'] = (warning) =>
      this.#events.emit('driver-warning', { accountId, ...warning });
    const read: Parameters<typeof takeOver>[0]['read'] = (stored) => reader.read(stored, this.#createScratch());
    return takeOver({ accountId, clock, closing, createId, driver, onRejected, onWarning, read }, options);
  }

  /** From here on the account is ours, and everything that changes is written. */
  #begin({ head, account }: RestoredAccount, release: () => void): RestoreResult {
    const { accountId, clock, codec, createId, driver, flush, random, schemaVersion } = this.#parts;
    for (const { recordKey, value } of account.records) {
      this.#tables.find((table) => table.owns(recordKey))?.restoreRecord(recordKey, value);
    }
    const writer = new AccountWriter({ driver, accountId, clock, createId, head });
    const quarantine = new Quarantine(account.rejected, head.revision);
    const encoder = new RecordEncoder(this.#tables, codec, schemaVersion, quarantine);
    const scheduler = new FlushScheduler({
      settings: flush,
      writer,
      encoder,
      clock,
      random,
      listener: {
        pending: () => this.#events.emit('pending', { accountId }),
        flushed: ({ head: { revision }, recordKeys, durationMs }) =>
          this.#events.emit('flushed', { accountId, revision, records: recordKeys, durationMs }),
        failed: (event) => this.#events.emit('flush-failed', { accountId, ...event }),
        recovered: (event) => this.#events.emit('recovered', { accountId, ...event }),
        lagging: (event) => this.#events.emit('lagging', { accountId, ...event }),
        rejected: (event) => this.#events.emit('record-rejected', { accountId, ...event }),
        fenced: ({ error, recordKeys }) => this.#fenced(error, recordKeys),
      },
    });
    this.#lifecycle = { phase: 'open', session: { scheduler, writer, encoder, release } };
    const result: RestoreResult = {
      status: account.records.length + account.rejected.length === 0 ? 'empty' : 'restored',
      revision: head.revision,
      records: account.records.length,
      quarantined: account.rejected,
    };
    this.#events.emit('restored', { accountId, ...result });
    return result;
  }

  #fenced(error: AccountKeeperError, recordKeys: readonly string[]): void {
    if (!('session' in this.#lifecycle) || this.#lifecycle.session === undefined) return;
    const { session } = this.#lifecycle;
    session.release();
    if (this.#lifecycle.phase === 'open') this.#lifecycle = { phase: 'fenced', session, error };
    this.#events.emit('fenced', {
      accountId: this.#parts.accountId,
      by: error.head,
      outcome: error.outcome,
      unacknowledged: new Map(recordKeys.map((recordKey) => [recordKey, session.encoder.valueOf(recordKey)])),
      error,
    });
  }

  async #close(from: Lifecycle, deadlineMs: number): Promise<void> {
    const { accountId, clock, closeDriver, driver } = this.#parts;
    const startedMs = clock.monotonic();
    if (from.phase === 'restoring') {
      from.abort.abort();
      await from.settled;
    }
    const session = 'session' in from ? from.session : undefined;
    const left = (await session?.scheduler.drain(deadlineMs)) ?? { recordKeys: [], error: undefined };
    session?.release();
    try {
      // Whatever the drain took: a driver that is healthy closes at once, and one that hangs must not hold us up.
      if (closeDriver) {
        const timeoutMs = Math.ceil(Math.max(1_000, deadlineMs - (clock.monotonic() - startedMs)));
        await withCallLimits('close', clock, { timeoutMs: timeoutMs + 1_000 }, driver.close({ timeoutMs }));
      }
    } finally {
      this.#events.emit('closed', { accountId, unpersisted: left.recordKeys });
      requirePersisted(left.recordKeys, left.error);
    }
  }

  #state(): PersistenceState {
    const { phase } = this.#lifecycle;
    if (phase === 'restoring') return 'unrestored';
    if (phase !== 'open') return phase;
    const { scheduler } = this.#lifecycle.session;
    const { activity, consecutiveFailures } = scheduler.status();
    if (activity === 'flushing') return 'flushing';
    if (consecutiveFailures > 0) return 'retrying';
    return scheduler.isPending ? 'pending' : 'idle';
  }

  #requireSession(): Session {
    if (this.#lifecycle.phase === 'open') return this.#lifecycle.session;
    throw this.#notOpen();
  }

  #notOpen(): AccountKeeperError {
    switch (this.#lifecycle.phase) {
      case 'fenced': {
        const { error } = this.#lifecycle;
        return new AccountKeeperError('FENCED', error.message, { head: error.head, cause: error });
      }
      case 'closing':
      case 'closed':
        return new AccountKeeperError(
          'CLOSED',
          `the store of account ${JSON.stringify(this.#parts.accountId)} is closed`,
        );
      default:
        return new AccountKeeperError(
          'NOT_RESTORED',
          `account ${JSON.stringify(this.#parts.accountId)} was not restored yet: await restore() first`,
        );
    }
  }

  #cannotRestore(): AccountKeeperError {
    if (
      this.#lifecycle.phase === 'closing' ||
      this.#lifecycle.phase === 'closed' ||
      this.#lifecycle.phase === 'fenced'
    ) {
      return this.#notOpen();
    }
    return new AccountKeeperError(
      'ALREADY_OPEN',
      `account ${JSON.stringify(this.#parts.accountId)} is restored already`,
    );
  }
}

/** @throws `UNPERSISTED` naming the records that could not be saved. */
function requirePersisted(records: readonly string[], cause: AccountKeeperError | undefined): void {
  if (records.length === 0) return;
  const message = `${records.length} record(s) could not be saved before closing, the first is ${records[0]}`;
  throw new AccountKeeperError('UNPERSISTED', message, { outcome: 'unknown', records, cause });
}
