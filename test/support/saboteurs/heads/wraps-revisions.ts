import type {
  AccountHead,
  CommitBatch,
  CommitOptions,
  LoadOptions,
  OperationOptions,
  StoredAccount,
} from '../../../../src/core/persistence-driver.js';
import { WrappedDriver } from '../wrapped-driver.js';

/** Keeps revisions as integers of 32 bits. */
export class WrapsRevisions extends WrappedDriver {
  override async head(accountId: string, options?: OperationOptions): Promise<AccountHead | undefined> {
    const head = await super.head(accountId, options);
    return head && wrapped(head);
  }

  override async load(accountId: string, options?: LoadOptions): Promise<StoredAccount | undefined> {
    const stored = await super.load(accountId, options);
    return stored && { ...stored, head: wrapped(stored.head) };
  }

  override async commit(accountId: string, batch: CommitBatch, options: CommitOptions): Promise<AccountHead> {
    return wrapped(await super.commit(accountId, batch, options));
  }
}

function wrapped(head: AccountHead): AccountHead {
  return { ...head, revision: head.revision | 0 };
}
