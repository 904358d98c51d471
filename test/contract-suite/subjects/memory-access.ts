import { AccountKeeperError } from '../../../src/core/errors.js';
import type { PersistenceDriver } from '../../../src/core/persistence-driver.js';
import { MemoryBackend } from '../../../src/drivers/memory/backend.js';
import { MemoryDriver } from '../../../src/drivers/memory/driver.js';
import type { ContractDriverOptions, DriverMaker } from '../../contract/index.js';

/** A memory backend for somebody who may only read. */
class ReadOnlyMemory extends MemoryBackend {
  readonly #backend: MemoryBackend;

  constructor(backend: MemoryBackend) {
    super();
    this.#backend = backend;
  }

  override get(key: string): string | undefined {
    return this.#backend.get(key);
  }

  override neighbours(key: string): ReadonlyMap<string, string> {
    return this.#backend.neighbours(key);
  }

  override keys(): Generator<string, void, undefined> {
    return this.#backend.keys();
  }

  override set(): never {
    throw new Error('the memory may only be read');
  }

  override delete(): never {
    throw new Error('the memory may only be read');
  }
}

/** A driver that finds nothing set up. */
class MissingMemoryDriver extends MemoryDriver {
  protected override async connect(): Promise<never> {
    throw new AccountKeeperError('CONFIG', 'the memory was never set up');
  }
}

/** Turns a driver, and the backend that it may use, into the one to test. */
export type AccessDisguise = (driver: PersistenceDriver, backend: MemoryBackend) => PersistenceDriver;

/** Drivers with less than all rights on the backend. */
export function memoryAccess(
  backend: MemoryBackend,
  disguise: AccessDisguise = (driver) => driver,
): Record<'readOnly' | 'missing', DriverMaker> {
  return {
    readOnly: async ({ prefix = 'default' }: ContractDriverOptions = {}) => {
      const readable = new ReadOnlyMemory(backend);
      return disguise(new MemoryDriver({ backend: readable, prefix }), readable);
    },
    missing: async ({ prefix = 'default' }: ContractDriverOptions = {}) =>
      disguise(new MissingMemoryDriver({ prefix }), new MemoryBackend()),
  };
}
