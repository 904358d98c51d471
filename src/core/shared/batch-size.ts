import type { CommitBatch, DriverLimits } from '../persistence-driver.js';

/** How much of a driver's limits a batch takes. */
export interface BatchSize {
  readonly records: number;
  readonly bytes: number;
}

/** A batch that changes the head alone. */
export function noChanges(): CommitBatch {
  return { upserts: new Map(), deletes: new Set(), documents: new Set() };
}

/** The bytes that a head's meta may grow by from one commit to the next. */
const META_SLACK = 256;

/** Bytes of one change; without a text, the record is deleted. */
export function changeBytes(recordKey: string, text: string | undefined): number {
  return Buffer.byteLength(recordKey) + (text === undefined ? 0 : Buffer.byteLength(text));
}

/** The limits that remain beside the head's meta. */
export function batchLimits({ batchBytes, batchRecords }: DriverLimits, meta: string): BatchSize {
  // A driver that was written before the limit existed has none.
  const records = batchRecords ?? Number.POSITIVE_INFINITY;
  return { records, bytes: batchBytes - Buffer.byteLength(meta) - META_SLACK };
}

export function fits(size: BatchSize, limits: BatchSize): boolean {
  return size.records <= limits.records && size.bytes <= limits.bytes;
}

export function sizeOf({ upserts, deletes }: CommitBatch): BatchSize {
  let bytes = 0;
  for (const [recordKey, text] of upserts) bytes += changeBytes(recordKey, text);
  for (const recordKey of deletes) bytes += changeBytes(recordKey, undefined);
  return { records: upserts.size + deletes.size, bytes };
}

/** Several batches as one: of two changes of a record, the later one counts. */
export function mergedBatch(batches: Iterable<CommitBatch>): CommitBatch {
  const upserts = new Map<string, string>();
  const deletes = new Set<string>();
  const documents = new Set<string>();
  for (const batch of batches) {
    for (const [recordKey, text] of batch.upserts) {
      deletes.delete(recordKey);
      upserts.set(recordKey, text);
      if (batch.documents?.has(recordKey) === true) documents.add(recordKey);
      else documents.delete(recordKey);
    }
    for (const recordKey of batch.deletes) {
      upserts.delete(recordKey);
      documents.delete(recordKey);
      deletes.add(recordKey);
    }
  }
  return { upserts, deletes, documents };
}

/** Batches within the limits, cut between the given ones and never within one. At least one. */
export function cutBatches(groups: readonly CommitBatch[], limits: BatchSize): readonly CommitBatch[] {
  const whole = mergedBatch(groups);
  if (fits(sizeOf(whole), limits)) return [whole];
  const parts: CommitBatch[][] = [];
  // The size of a part so far; a record that several groups change counts for each of them.
  let size: BatchSize = { records: Number.POSITIVE_INFINITY, bytes: Number.POSITIVE_INFINITY };
  for (const group of groups) {
    const added = sizeOf(group);
    const sum = { records: size.records + added.records, bytes: size.bytes + added.bytes };
    if (fits(sum, limits)) parts.at(-1)?.push(group);
    else parts.push([group]);
    size = fits(sum, limits) ? sum : added;
  }
  return parts.map(mergedBatch);
}
