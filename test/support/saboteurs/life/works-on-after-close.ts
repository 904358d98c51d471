import { AccountKeeperError } from '../../../../src/core/errors.js';
import type {
  AccountHead,
  CommitBatch,
  CommitOptions,
  OperationOptions,
  PersistenceDriver,
} from '../../../../src/core/persistence-driver.js';
import { copyOf } from '../copy-of.js';
import { WrappedDriver } from '../wrapped-driver.js';

const LATER_MS = 600;

/** Does not wait at its close for the commits that their callers have given up: they are made afterwards. */
export class WorksOnAfterClose extends WrappedDriver {
  readonly #makeInner: () => PersistenceDriver;
  readonly #givenUp: ((driver: PersistenceDriver) => Promise<unknown>)[] = [];

  constructor(makeInner: () => PersistenceDriver) {
    super(makeInner());
    this.#makeInner = makeInner;
  }

  override async commit(accountId: string, batch: CommitBatch, options: CommitOptions): Promise<AccountHead> {
    const copy = copyOf(batch);
    const { signal, ...again } = options;
    if (signal?.aborted !== false) return super.commit(accountId, copy, options);
    await Promise.resolve();
    if (!signal.aborted) return super.commit(accountId, copy, options);
    this.#givenUp.push((driver) => driver.commit(accountId, copy, again));
    throw new AccountKeeperError('ABORTED', 'commit was aborted', { outcome: 'unknown', cause: signal.reason });
  }

  override async close(options?: OperationOptions): Promise<void> {
    await super.close(options);
    const goOn = (): void => {
      for (const work of this.#givenUp.splice(0)) work(this.#makeInner()).catch(() => undefined);
    };
    if (this.#givenUp.length > 0) setTimeout(goOn, LATER_MS).unref();
  }
}
