import type { CommitBatch } from '../persistence-driver.js';

/** A commit that was sent and may have landed. */
export interface SpilledAttempt {
  readonly writeId: string;
  readonly expected: { readonly revision: number; readonly writeId: string } | undefined;
  readonly batch: CommitBatch;
}

/** What a store could not persist, as a file keeps it. */
export interface Spill {
  readonly id: string;
  readonly accountId: string;
  /** Of the store that wrote it. */
  readonly writerId: string;
  /** Another writer had taken the account over: it is there to be compared, and nothing starts from it. */
  readonly fenced: boolean;
  /** Wall clock, in milliseconds since the Unix epoch. */
  readonly createdAtMs: number;
  /** The newest acknowledged head, on top of which all of this lies; `undefined`: the account was never written. */
  readonly base: { readonly revision: number; readonly writeId: string } | undefined;
  /** The ids of the spills that come before it and were not in the backend yet, oldest first. */
  readonly follows: readonly string[];
  /** Of unknown outcome, oldest first. */
  readonly attempts: readonly SpilledAttempt[];
  /** What changed after those. */
  readonly newer: CommitBatch;
  /** Records that the backend, or the codec of the time, had refused: they are never replayed. Record key to text. */
  readonly refused: ReadonlyMap<string, string>;
  /** Names the commit that replays it. */
  readonly replayWriteId: string;
  /** Every persisted record of the account as it was in memory. Record key to text. */
  readonly records: ReadonlyMap<string, string>;
}
