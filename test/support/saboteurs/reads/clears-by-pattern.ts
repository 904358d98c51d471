import type { AccountHead, CommitOptions, PersistenceDriver } from '../../../../src/core/persistence-driver.js';
import type { MemoryBackend } from '../../../../src/drivers/memory/backend.js';
import { WrappedDriver } from '../wrapped-driver.js';

/** Drops by `LIKE '<account>%'`, unescaped: other accounts lose their records. */
export class ClearsByPattern extends WrappedDriver {
  readonly #backend: MemoryBackend;

  constructor(inner: PersistenceDriver, backend: MemoryBackend) {
    super(inner);
    this.#backend = backend;
  }

  override async drop(accountId: string, options: CommitOptions): Promise<AccountHead> {
    const head = await super.drop(accountId, options);
    // LIKE's wildcards: `_` is any character, `%` any text.
    const escaped = accountId
      .replace(/[^\w%]/g, '\\$&')
      .replaceAll('_', '.')
      .replaceAll('%', '.*');
    const like = new RegExp(`:\\{${escaped}`);
    for (const key of [...this.#backend.keys()]) if (like.test(key) && key.includes('}:r:')) this.#backend.delete(key);
    return head;
  }
}
