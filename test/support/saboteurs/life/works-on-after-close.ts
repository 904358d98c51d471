import type {
  AccountHead,
  CommitBatch,
  CommitOptions,
  OperationOptions,
  PersistenceDriver,
} from '../../../../src/core/persistence-driver.js';
import { copyOf } from '../copy-of.js';
import { hasCode } from '../errors.js';
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
    const isAborted = options.signal?.aborted === true;
    try {
      return await super.commit(accountId, copy, options);
    } catch (error) {
      const { signal: _aborted, ...again } = options;
      if (!isAborted && hasCode(error, 'ABORTED')) {
        this.#givenUp.push((driver) => driver.commit(accountId, copy, again));
      }
      throw error;
    }
  }

  override async close(options?: OperationOptions): Promise<void> {
    await super.close(options);
    const goOn = (): void => {
      for (const work of this.#givenUp.splice(0)) work(this.#makeInner()).catch(() => undefined);
    };
    if (this.#givenUp.length > 0) setTimeout(goOn, LATER_MS).unref();
  }
}
