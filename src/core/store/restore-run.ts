import { setMaxListeners } from 'node:events';
import { AccountKeeperError } from '../errors.js';
import { type LeaseShare, shareLease } from '../ownership/process-lease.js';
import { waitForOwner } from '../ownership/wait-for-owner.js';
import type { AccountHead } from '../persistence-driver.js';
import type { ReadAccount } from '../restore/record-reader.js';
import type { RestoreOptions } from '../restore/restore-options.js';
import { type RestoredAccount, readOnly, type TakeOverParts, type TurnLimits, takeOver } from '../restore/take-over.js';
import { LocalFiles } from '../spill/local-files.js';
import type { AccountRecords } from '../tables/account-records.js';
import { within } from '../within.js';
import type { PersistenceParts } from './persistence-parts.js';
import type { StoreEvents } from './store-events.js';

/** What a restore came to. */
export type Restored =
  | ({ readonly kind: 'owned' } & RestoredAccount)
  | ({ readonly kind: 'read-only' } & ReadOnlyAccount);

/** An account that was read, and belongs to whoever owns it. */
export interface ReadOnlyAccount {
  readonly head: AccountHead | undefined;
  readonly account: ReadAccount;
  readonly foreign: readonly string[];
}

/** One attempt to restore an account. */
export class RestoreRun<T extends object> {
  readonly files: LocalFiles;
  readonly #parts: PersistenceParts<T>;
  readonly #events: StoreEvents;
  readonly #records: AccountRecords;
  readonly #abort = new AbortController();
  #lease: LeaseShare | undefined;
  #isWaiting = false;

  constructor(parts: PersistenceParts<T>, events: StoreEvents, records: AccountRecords) {
    const { accountId, clock, createId, driver, highWater, ownership, spill } = parts;
    this.#parts = parts;
    this.#events = events;
    this.#records = records;
    // Any number of refreshes may be under way at once.
    setMaxListeners(0, this.#abort.signal);
    this.files = new LocalFiles({
      driver,
      accountId,
      clock,
      createId,
      // A reader replays nothing.
      spillDirectory: ownership.mode === 'read-only' ? undefined : spill?.directory,
      highWaterDirectory: highWater?.directory,
      onSpillError: (error) => events.emit('spill-failed', { accountId, error }),
      onHighWaterError: (error) => events.emit('high-water-failed', { accountId, error }),
    });
  }

  /** Whether it waits for the owner. */
  get isWaiting(): boolean {
    return this.#isWaiting;
  }

  /** The lease under which the account is held, with `ownership: 'wait'`. */
  get lease(): LeaseShare | undefined {
    return this.#lease;
  }

  /** Ends it: the store closes. */
  abort(): void {
    this.#abort.abort();
  }

  /** It has failed: the lease is given back. */
  async abandon(): Promise<void> {
    await this.#lease?.release();
  }

  async restore(options: RestoreOptions): Promise<Restored> {
    if (this.#parts.ownership.mode === 'read-only') return { kind: 'read-only', ...(await this.read(options)) };
    return { kind: 'owned', ...(await takeOver(this.#takeOverParts(), options)) };
  }

  /** Reads the account without taking it over. */
  read(options: RestoreOptions): Promise<ReadOnlyAccount> {
    return readOnly(this.#takeOverParts(), options);
  }

  #takeOverParts(): TakeOverParts {
    const { accountId, clock, createId, driver, onRejected, reader } = this.#parts;
    return {
      driver,
      accountId,
      clock,
      createId,
      onRejected,
      files: this.files,
      waits: this.#parts.ownership.mode === 'wait',
      closing: this.#abort.signal,
      isPersisted: (recordKey) => this.#records.tableOf(recordKey) !== undefined,
      lease: () => this.#lease?.reference,
      onRefused: (recordKey, error) => this.#events.emit('record-rejected', { accountId, recordKey, error }),
      onWarning: (warning) => this.#events.emit('driver-warning', { accountId, ...warning }),
      read: (stored) => reader.read(stored, this.#records),
      turn: (limits) => this.#turn(limits),
    };
  }

  async #turn(limits: TurnLimits): Promise<(head: AccountHead | undefined) => boolean> {
    const { accountId, clock, createId, driver, ownership } = this.#parts;
    const { leaseMs, mode, pollMs } = ownership;
    if (mode !== 'wait') return () => true;
    this.#isWaiting = true;
    try {
      const { timeoutMs, signal } = limits;
      const found = await waitForOwner({
        driver,
        accountId,
        clock,
        leaseMs,
        pollMs,
        signal,
        ...(timeoutMs === undefined ? {} : { timeoutMs }),
        onWaiting: (owner) => this.#events.emit('waiting', { accountId, owner }),
      });
      this.#lease ??= shareLease({ driver, clock, createId, leaseMs }, found.lease);
      const { begun } = this.#lease;
      const late = (): AccountKeeperError =>
        new AccountKeeperError('TIMEOUT', 'the lease could not be written in time');
      const aborted = (cause: unknown): AccountKeeperError =>
        new AccountKeeperError('ABORTED', 'restore was aborted', { cause });
      await within({ clock, timeoutMs: Math.min(leaseMs, timeoutMs ?? leaseMs), signal, late, aborted }, () => begun);
      return (head) => head?.writeId === found.head?.writeId;
    } finally {
      this.#isWaiting = false;
    }
  }
}
