import { randomUUID } from 'node:crypto';
import type { AccountHead, CommitBatch, PersistenceDriver } from '../../src/core/persistence-driver.js';

/** About 200 bytes, as {@link documents} makes each of them. */
const FILLER = 'x'.repeat(170);

/** So many records with JSON objects of about 200 bytes. No two calls make equal ones. */
export function documents(count: number, from = 0): CommitBatch {
  const upserts = new Map<string, string>();
  for (let index = from; index < from + count; index += 1) {
    made += 1;
    upserts.set(recordKey(index), `{"made":${String(made).padStart(9, '1')},"filler":"${FILLER}"}`);
  }
  return { upserts, deletes: new Set(), documents: new Set(upserts.keys()) };
}

let made = 0;

/** Deletes what {@link documents} with the same arguments has written. */
export function deletesOf(count: number, from = 0): CommitBatch {
  const deletes = new Set(Array.from({ length: count }, (_, index) => recordKey(from + index)));
  return { upserts: new Map(), deletes };
}

function recordKey(index: number): string {
  return `metadata/S${String(index).padStart(6, '0')}USDT`;
}

/** The bytes of the keys and values that a batch writes, and of the keys that it deletes. */
export function payloadBytes({ upserts, deletes }: CommitBatch): number {
  let bytes = 0;
  for (const [key, value] of upserts) bytes += Buffer.byteLength(key) + Buffer.byteLength(value);
  for (const key of deletes) bytes += Buffer.byteLength(key);
  return bytes;
}

/** An account that one writer commits to. */
export interface CostlyAccount {
  readonly id: string;
  commit(batch: CommitBatch): Promise<void>;
}

/** Its first commit has been made, with so many records: what is only done once is over. */
export async function accountOf(driver: PersistenceDriver, id: string, records: number): Promise<CostlyAccount> {
  let head: AccountHead | undefined;
  const commit = async (batch: CommitBatch): Promise<void> => {
    const expected = head && { revision: head.revision, writeId: head.writeId };
    head = await driver.commit(id, batch, { expected, writerId: 'writer', writeId: randomUUID() });
  };
  await commit(documents(records));
  await commit(documents(1));
  return { id, commit };
}
