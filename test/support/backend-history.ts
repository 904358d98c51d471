import type { DriverLimits } from '../../src/core/persistence-driver.js';
import type { MemoryBackend } from '../../src/drivers/memory/backend.js';
import { MemoryDriver } from '../../src/drivers/memory/driver.js';

/** What a backend holds at one instant. */
export type Snapshot = ReadonlyMap<string, string>;

export function snapshot(backend: MemoryBackend): Snapshot {
  return new Map([...backend.keys()].map((key) => [key, backend.get(key) ?? '']));
}

/** The backend comes back with what it had then; without a snapshot, empty. */
export function rollBack(backend: MemoryBackend, to: Snapshot = new Map()): void {
  for (const key of [...backend.keys()]) backend.delete(key);
  for (const [key, text] of to) backend.set(key, text);
}

/** A driver that takes little at once. */
export class SmallDriver extends MemoryDriver {
  override readonly limits: DriverLimits;

  constructor(backend: MemoryBackend, limits: Partial<DriverLimits>) {
    super({ backend });
    this.limits = { keyBytes: 8_192, valueBytes: 1_000_000, batchBytes: 10_000_000, batchRecords: 100_000, ...limits };
  }
}
