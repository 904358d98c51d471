import type { AccountHead, CommitBatch, CommitOptions } from '../../../../src/core/persistence-driver.js';
import { WrappedDriver } from '../wrapped-driver.js';

/** Does not recognise a commit that it made before, and makes it once more. */
export class AppliesRepetitions extends WrappedDriver {
  override async commit(accountId: string, batch: CommitBatch, options: CommitOptions): Promise<AccountHead> {
    const head = await super.commit(accountId, batch, options);
    const landedBefore = head.revision === (options.expected?.revision ?? 0) + 1 && this.#seen.has(options.writeId);
    this.#seen.add(options.writeId);
    if (!landedBefore) return head;
    const expected = { revision: head.revision, writeId: head.writeId };
    const again = await super.commit(accountId, batch, { ...options, expected, writeId: `${options.writeId}-again` });
    return { ...again, writeId: options.writeId };
  }

  readonly #seen = new Set<string>();
}
