import type { AccountKeeperError } from '../errors.js';
import type { CommitBatch } from '../persistence-driver.js';

/** A batch, and the records that could not be put into it. */
export interface EncodedBatch {
  readonly batch: CommitBatch;
  readonly failures: ReadonlyMap<string, AccountKeeperError>;
}

/** Turns record keys into a batch with the values of this moment. */
export interface BatchEncoder {
  encode(recordKeys: Iterable<string>): EncodedBatch;
  /** The batch is durable. */
  acknowledged(batch: CommitBatch): void;
}
