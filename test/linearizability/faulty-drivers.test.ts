import { describe, expect, it } from 'vitest';
import type { CommitBatch, CommitOptions, PersistenceDriver } from '../../src/core/persistence-driver.js';
import { MemoryBackend } from '../../src/drivers/memory/backend.js';
import { MemoryDriver } from '../../src/drivers/memory/driver.js';
import { runPrograms } from './exhaustive.js';
import { allPrograms } from './programs.js';
import { turns } from './side-by-side.js';
import { Tally } from './tally.js';

type Flaw = (driver: PersistenceDriver) => Partial<PersistenceDriver>;

/** Time for somebody else's operation, as between two requests to a server. */
const roundTrip = (): Promise<void> => turns(3);

const FLAWS: Readonly<Record<string, Flaw>> = {
  'answers a load from what it read before': (driver) => {
    const cache = new Map<string, ReturnType<PersistenceDriver['load']>>();
    return {
      load: (accountId) => {
        const cached = cache.get(accountId) ?? driver.load(accountId);
        cache.set(accountId, cached);
        return cached;
      },
    };
  },
  'reads the head and the records apart from each other': (driver) => ({
    load: async (accountId) => {
      const head = await driver.head(accountId);
      await roundTrip();
      const stored = await driver.load(accountId);
      return head === undefined || stored === undefined ? undefined : { ...stored, head };
    },
  }),
  'commits on whatever head it finds': (driver) => ({
    commit: async (accountId, batch, options) => {
      const head = await driver.head(accountId);
      return driver.commit(accountId, batch, { ...options, expected: head });
    },
  }),
  'writes a batch in two parts': (driver) => ({
    commit: async (accountId, { upserts, deletes }, options) => {
      if (deletes.size === 0) return driver.commit(accountId, { upserts, deletes }, options);
      const head = await driver.commit(accountId, { upserts, deletes: new Set() }, options);
      await roundTrip();
      const rest = { ...options, expected: head, writeId: `${options.writeId}, the rest` };
      await driver.commit(accountId, { upserts: new Map(), deletes }, rest);
      return head;
    },
  }),
  'acknowledges before it has written': (driver) => ({
    commit: async (accountId: string, batch: CommitBatch, options: CommitOptions) => {
      const { writerId, writeId, meta = '', expected } = options;
      roundTrip()
        .then(() => driver.commit(accountId, batch, options))
        .catch(() => undefined);
      return { revision: (expected?.revision ?? 0) + 1, writerId, writeId, meta, dropped: false };
    },
  }),
};

function drivers(flaw?: Flaw): readonly PersistenceDriver[] {
  const backend = new MemoryBackend();
  return Array.from({ length: 3 }, () => {
    const driver = new MemoryDriver({ backend });
    const parts = flaw?.(driver) ?? {};
    return new Proxy<PersistenceDriver>(driver, {
      get: (target, name) => {
        const part = Reflect.get(parts, name) ?? Reflect.get(target, name);
        return typeof part === 'function' ? part.bind(target) : part;
      },
    });
  });
}

async function violations(flaw?: Flaw): Promise<readonly string[]> {
  const tally = new Tally();
  await runPrograms({ drivers: drivers(flaw), programs: allPrograms(), rounds: 1, seed: 1, tally });
  return tally.violations;
}

describe('the programs', () => {
  it.each(Object.entries(FLAWS))('find a driver that %s', async (_, flaw) => {
    expect((await violations(flaw)).length).toBeGreaterThan(0);
  });

  it('find nothing wrong with drivers that do as they should', async () => {
    expect(await violations()).toEqual([]);
  });
});
