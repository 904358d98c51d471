import type { DriverLimits, PersistenceDriver } from '../../../src/core/persistence-driver.js';
import { KeyLayout } from '../../../src/drivers/base/key-layout.js';
import { MemoryDriver } from '../../../src/drivers/memory/driver.js';
import type { ContractDriverOptions, ContractFaults, ContractSubject, RawAccess } from '../../contract/index.js';
import { FaultyMemoryBackend } from './faulty-memory-backend.js';
import { memoryAccess } from './memory-access.js';

/** The raw texts of the shared layout. */
export function layoutKeys(): Pick<RawAccess, 'headKey' | 'recordKey'> {
  return {
    headKey: (prefix, accountId) => new KeyLayout(prefix).account(accountId).head,
    recordKey: (prefix, accountId, record) => `${new KeyLayout(prefix).account(accountId).recordPrefix}${record}`,
  };
}

/** What a memory backend can be made to do. */
export function memoryFaults(backend: FaultyMemoryBackend): ContractFaults {
  return {
    rollback: {
      snapshot: async () => backend.entries(),
      restore: async (snapshot) => backend.replace(snapshot as readonly (readonly [string, string])[]),
    },
    empty: async () => backend.replace([]),
    raw: {
      ...layoutKeys(),
      get: async (key) => backend.get(key),
      set: async (key, text) => backend.set(key, text),
      delete: async (key) => void backend.delete(key),
      keys: async () => [...backend.keys()],
    },
    failCommits: {
      before: () => backend.fail('before'),
      midway: () => backend.fail('midway'),
      after: () => backend.fail('after'),
      ofAccount: (prefix, accountId) => backend.refuse(layoutKeys().headKey(prefix, accountId)),
    },
    failReads: () => backend.fail('before'),
  };
}

/** A memory driver that takes less, so that what is tested at its limits is quickly done. */
export class SmallMemoryDriver extends MemoryDriver {
  override readonly limits: DriverLimits = {
    keyBytes: 4096,
    valueBytes: 1024 ** 2,
    batchBytes: 2 * 1024 ** 2,
    batchRecords: 10_000,
  };
}

/** Turns a memory driver into the one to test. */
export type Disguise = (driver: MemoryDriver, backend: FaultyMemoryBackend, prefix: string) => PersistenceDriver;

/**
 * A subject on a memory backend of its own, with all the faults that memory can have. Those who may only read have no
 * disguise, so there are none where writers have one.
 */
export function memorySubject(
  name: string,
  disguise?: Disguise,
  Driver: typeof MemoryDriver = SmallMemoryDriver,
): ContractSubject {
  const backend = new FaultyMemoryBackend();
  return {
    name,
    createDriver: ({ prefix = 'default' }: ContractDriverOptions = {}) => {
      const driver = new Driver({ backend, prefix });
      return disguise?.(driver, backend, prefix) ?? driver;
    },
    faults: { ...memoryFaults(backend), ...(disguise === undefined && memoryAccess(backend)) },
  };
}
