import type { Claim } from '../ownership/head-meta.js';
import type { CommitBatch } from '../persistence-driver.js';

/** A commit that was sent and may have landed. */
export interface SpilledAttempt {
  readonly writeId: string;
  readonly expected: { readonly revision: number; readonly writeId: string } | undefined;
  readonly revisionFloor?: number | undefined;
  readonly batch: CommitBatch;
}

/** The state that a store could not persist, as a file keeps it. */
export interface Spill {
  readonly id: string;
  readonly accountId: string;
  /** Of the store that wrote it. */
  readonly writerId: string;
  /** Of the account; files of earlier versions do not say. */
  readonly lineage: string | undefined;
  /** Who had taken the account over until then, oldest first. */
  readonly claims: readonly Claim[];
  /** Another writer had taken the account over: it is there to be compared, and nothing starts from it. */
  readonly fenced: boolean;
  /** Wall clock, in milliseconds since the Unix epoch. */
  readonly createdAtMs: number;
  /** The newest acknowledged head, on top of which all of this lies; `undefined`: the account was never written. */
  readonly base: { readonly revision: number; readonly writeId: string } | undefined;
  /** The ids of spills that come before it; only files of earlier versions name some. */
  readonly follows: readonly string[];
  /** Of unknown outcome, oldest first. */
  readonly attempts: readonly SpilledAttempt[];
  /** The later changes: a batch for each group of changes that belong together, oldest first. */
  readonly newer: readonly CommitBatch[];
  /** Records that the backend had refused: they are never replayed. Record key to text. */
  readonly refused: ReadonlyMap<string, string>;
  /** The keys of records that could not be encoded: what the backend has of them stays. */
  readonly unencodable: readonly string[];
  /** Every persisted record of the account as it was in memory, and the bytes in quarantine. Record key to text. */
  readonly records: ReadonlyMap<string, string>;
  /** Names the several commits of which not all were stored; all that they write is in `records`. */
  readonly unfinished?: string | undefined;
}
