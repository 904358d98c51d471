import { AccountKeeperError } from '../../core/errors.js';
import type { DriverCapabilities, DriverLimits } from '../../core/persistence-driver.js';
import { badOption, type ChecksOf, objectWith, readOptions } from '../../core/shared/option-checks.js';
import type { BackendConnection } from '../base/backend-connection.js';
import { BaseDriver } from '../base/base-driver.js';
import { BASE_OPTIONS, type BaseDriverOptions } from '../base/base-options.js';
import { checkAccountId } from '../base/input-checks.js';
import { MemoryBackend } from './backend.js';
import { MemoryConnection } from './connection.js';

/** Options of {@link MemoryDriver}. */
export interface MemoryDriverOptions extends BaseDriverOptions {
  /** Where to store. Drivers with the same one share it. @default one of its own */
  readonly backend?: MemoryBackend;
}

/** The checks of {@link MemoryDriverOptions}. */
export const MEMORY_OPTIONS: ChecksOf<MemoryDriverOptions> = {
  ...BASE_OPTIONS,
  backend: objectWith('a MemoryBackend', (value) => value instanceof MemoryBackend),
};

/**
 * Keeps accounts in the memory of the process, with all the guarantees of the other drivers but durability: for tests,
 * and for accounts that need not survive.
 */
export class MemoryDriver extends BaseDriver {
  readonly name: string = 'memory';
  readonly capabilities: DriverCapabilities = {
    durability: 'none',
    atomicCommit: true,
    conditionalCommit: true,
    sharedAcrossProcesses: false,
  };
  readonly limits: DriverLimits = {
    keyBytes: 8192,
    valueBytes: 8 * 1024 ** 2,
    batchBytes: 16 * 1024 ** 2,
    batchRecords: 100_000,
  };
  readonly #backend: MemoryBackend;
  readonly #watches = new Set<() => void>();
  #isClosed = false;

  /** @throws `CONFIG` */
  constructor(options: MemoryDriverOptions = {}) {
    const { backend = new MemoryBackend(), ...base } = readOptions('', MEMORY_OPTIONS, options);
    super(base);
    this.#backend = backend;
  }

  /** Calls the listener after each commit and drop of the account, by any driver on the backend. */
  watch(accountId: string, listener: () => void): () => void {
    checkAccountId(accountId, this.limits);
    if (typeof listener !== 'function') throw badOption('listener', 'a function', listener);
    if (this.#isClosed) throw new AccountKeeperError('CLOSED', 'watch: the memory driver is closed');
    const unwatch = this.#backend.watch(this.layout.account(accountId).head, listener);
    const stop = (): void => {
      unwatch();
      this.#watches.delete(stop);
    };
    this.#watches.add(stop);
    return stop;
  }

  protected override async connect(): Promise<BackendConnection> {
    return new MemoryConnection(this.#backend, this.layout);
  }

  protected override async release(): Promise<void> {
    this.#isClosed = true;
    for (const stop of this.#watches) stop();
  }
}
