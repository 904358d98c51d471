import { setMaxListeners } from 'node:events';
import type { AccountRecords } from '../account/tables/account-records.js';
import type { LocalFileEvents } from '../local-files/local-file-options.js';
import { type LocalFileSettings, LocalFiles } from '../local-files/local-files.js';
import { forgetLease } from '../ownership/lease-record.js';
import type { OwnershipSettings } from '../ownership/ownership-options.js';
import { type LeaseShare, shareLease } from '../ownership/process-lease.js';
import { waitForOwner } from '../ownership/wait-for-owner.js';
import type { AccountHead, DriverWarning } from '../persistence-driver.js';
import type { Emitter } from '../shared/emitter.js';
import { within } from '../shared/within.js';
import type { ReaderFormat, ReadRecords } from './record-reader.js';
import type { RestoreEvents } from './restore-options.js';

/** Whether the account may be taken over while this head is stored. */
export type Turn = (head: AccountHead | undefined) => boolean;

export interface RestoreSettings extends LocalFileSettings, ReaderFormat {
  readonly ownership: OwnershipSettings;
  readonly onRejected: 'throw' | 'quarantine';
}

/** The state that the attempts to restore an account share: the restore, or all refreshes of a reader. */
export class RestoreRun {
  readonly settings: RestoreSettings;
  readonly records: AccountRecords;
  readonly events: Emitter<RestoreEvents>;
  readonly files: LocalFiles;
  /** Aborted when the store closes. */
  readonly closing: AbortController = new AbortController();
  /** The lease under which the account is held, with `ownership: 'wait'`. */
  lease: LeaseShare | undefined;
  /** Whether it waits for the owner. */
  isWaiting = false;
  /** Whether the driver was opened by a reader. */
  isOpenToRead = false;
  /** What a follower shows; the others have no use for it. */
  shown: ReadRecords | undefined;

  constructor(settings: RestoreSettings, records: AccountRecords, events: Emitter<RestoreEvents & LocalFileEvents>) {
    this.settings = settings;
    this.records = records;
    this.events = events;
    // A reader replays nothing.
    const { follow, mode } = settings.ownership;
    const isReader = mode === 'read-only';
    this.shown = follow ? new Map() : undefined;
    this.files = new LocalFiles(isReader ? { ...settings, spill: undefined } : settings, events);
    // Any number of refreshes may be under way at once.
    setMaxListeners(0, this.closing.signal);
  }

  readonly onWarning = (warning: DriverWarning): void => this.events.emit('driver-warning', warning);

  /** Resolves when the account may be taken over. */
  async turn(signal: AbortSignal, timeoutMs: number | undefined): Promise<Turn> {
    const { clock, ownership } = this.settings;
    const { leaseMs, mode, pollMs } = ownership;
    if (mode !== 'wait') return () => true;
    this.isWaiting = true;
    try {
      const onWaiting = (owner: AccountHead): void => this.events.emit('waiting', { owner });
      const found = await waitForOwner({ ...this.settings, leaseMs, pollMs, signal, timeoutMs, onWaiting });
      // If its holder lives after all, it writes it again.
      if (found.lease !== undefined) void forgetLease(this.settings.driver, found.lease, { timeoutMs: leaseMs });
      this.lease ??= shareLease({ ...this.settings, leaseMs });
      const { begun } = this.lease;
      const limits = {
        clock,
        doing: 'the first write of the lease',
        timeoutMs: Math.min(leaseMs, timeoutMs ?? leaseMs),
        signal,
      };
      await within(limits, () => begun);
      return (head) => head?.writeId === found.head?.writeId;
    } finally {
      this.isWaiting = false;
    }
  }
}
