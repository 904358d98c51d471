import { setMaxListeners } from 'node:events';
import { type LeaseShare, shareLease } from '../ownership/process-lease.js';
import { waitForOwner } from '../ownership/wait-for-owner.js';
import type { AccountHead, DriverWarning } from '../persistence-driver.js';
import type { Turn } from './restore-attempt.js';
import { LocalFiles } from '../local-files/local-files.js';
import type { AccountRecords } from '../account/tables/account-records.js';
import { within } from '../shared/within.js';
import type { PersistenceParts } from '../store/store-settings.js';
import type { Emit } from '../store/store-events.js';

/** What the attempts to restore an account share: the restore, or all refreshes of a reader. */
export class RestoreRun {
  readonly parts: PersistenceParts;
  readonly records: AccountRecords;
  readonly emit: Emit;
  readonly files: LocalFiles;
  /** Aborted when the store closes. */
  readonly closing: AbortController = new AbortController();
  /** The lease under which the account is held, with `ownership: 'wait'`. */
  lease: LeaseShare | undefined;
  /** Whether it waits for the owner. */
  isWaiting = false;

  constructor(parts: PersistenceParts, records: AccountRecords, emit: Emit) {
    this.parts = parts;
    this.records = records;
    this.emit = emit;
    this.files = new LocalFiles(parts, emit);
    // Any number of refreshes may be under way at once.
    setMaxListeners(0, this.closing.signal);
  }

  readonly onWarning = (warning: DriverWarning): void => this.emit('driver-warning', warning);

  /** Resolves when the account may be taken over. */
  async turn(signal: AbortSignal, timeoutMs: number | undefined): Promise<Turn> {
    const { clock, ownership } = this.parts;
    const { leaseMs, mode, pollMs } = ownership;
    if (mode !== 'wait') return () => true;
    this.isWaiting = true;
    try {
      const onWaiting = (owner: AccountHead): void => this.emit('waiting', { owner });
      const found = await waitForOwner({ ...this.parts, leaseMs, pollMs, signal, timeoutMs, onWaiting });
      this.lease ??= shareLease({ ...this.parts, leaseMs }, found.lease);
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
