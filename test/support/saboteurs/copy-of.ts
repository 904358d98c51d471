import type { CommitBatch } from '../../../src/core/persistence-driver.js';

/** A batch that the caller does not share. */
export function copyOf({ upserts, deletes }: CommitBatch): CommitBatch {
  return { upserts: new Map(upserts), deletes: new Set(deletes) };
}
