import type { AccountHead, CommitBatch, CommitOptions } from '../../../../src/core/persistence-driver.js';
import { WrappedDriver } from '../wrapped-driver.js';

/** Stores a value that is flagged as a JSON object as what a parser makes of it. */
export class WritesDocumentsAnew extends WrappedDriver {
  override commit(accountId: string, batch: CommitBatch, options: CommitOptions): Promise<AccountHead> {
    const upserts = new Map(batch.upserts);
    for (const recordKey of batch.documents ?? []) {
      const document = upserts.get(recordKey);
      if (document !== undefined) upserts.set(recordKey, JSON.stringify(JSON.parse(document)));
    }
    return super.commit(accountId, { ...batch, upserts }, options);
  }
}
