import type { MetadataRecords } from './metadata-records.js';

/** The worker's input, as JSON in its only argument. */
export interface WorkerTask {
  readonly accountId: string;
  readonly db: string;
  readonly input: string;
  /** Await a flush after so many messages. */
  readonly flushEvery: number;
  /** Hold still, with changes pending, after so many acknowledgements; `null`: go on to the end. */
  readonly holdAfter: number | null;
  /** An account was acknowledged before, so that an empty one would be a loss. */
  readonly mustExist: boolean;
}

/** The worker's messages, one JSON object a line of its standard output. `cursor`: messages processed. */
export type WorkerReport =
  | { readonly type: 'restored'; readonly cursor: number; readonly records: MetadataRecords }
  /** `changes`: the records that changed since the acknowledgement before. All of them are durable now. */
  | { readonly type: 'acknowledged'; readonly cursor: number; readonly changes: MetadataRecords }
  | { readonly type: 'holding'; readonly cursor: number; readonly pendingRecords: number }
  | { readonly type: 'closed'; readonly cursor: number };

/** A `flush()` that was resolved. */
export type Acknowledgement = Extract<WorkerReport, { type: 'acknowledged' }>;
