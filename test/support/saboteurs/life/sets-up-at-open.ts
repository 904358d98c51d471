import type { OpenOptions, PersistenceDriver } from '../../../../src/core/persistence-driver.js';
import type { MemoryBackend } from '../../../../src/drivers/memory/backend.js';
import { WrappedDriver } from '../wrapped-driver.js';

/** Sets the backend up whenever it is opened, also for somebody who only wants to read. */
export class SetsUpAtOpen extends WrappedDriver {
  readonly #backend: MemoryBackend;

  constructor(inner: PersistenceDriver, backend: MemoryBackend) {
    super(inner);
    this.#backend = backend;
  }

  override async open(options?: OpenOptions): Promise<void> {
    this.#backend.set('schema', '1');
    await super.open(options);
  }
}
