import { setTimeout as delay } from 'node:timers/promises';
import type { ContractSubject } from '../../test/contract/index.js';
import type { PersistenceDriver } from '../core/persistence-driver.js';
import { forEachConcurrent } from '../drivers/keyv/for-each-concurrent.js';

const TIMEOUT_MS = 10_000;
const LIMIT_MS = 60_000;
const AT_ONCE = 20;

/** A subject that remembers under which prefixes it was written, and can drop the accounts there. */
export interface TidySubject {
  readonly subject: ContractSubject;
  /** @returns how many prefixes may still hold accounts */
  clean(): Promise<number>;
}

/** Watches what a subject's drivers are made for. Never touches a prefix that the suite did not ask for. */
export function tidy(subject: ContractSubject): TidySubject {
  const prefixes = new Set<string>();
  return {
    subject: {
      ...subject,
      createDriver: (options = {}) => {
        if (options.prefix !== undefined) prefixes.add(options.prefix);
        return subject.createDriver(options);
      },
    },
    clean: async () => {
      const left = new Set(prefixes);
      const work = async (): Promise<void> => {
        for (const prefix of prefixes) {
          await dropAll(subject, prefix).then(
            () => left.delete(prefix),
            () => undefined,
          );
        }
      };
      // A driver that is being tested may never answer.
      const limit = new AbortController();
      await Promise.race([work(), delay(LIMIT_MS, undefined, { signal: limit.signal })]);
      limit.abort();
      return left.size;
    },
  };
}

/** Drops all accounts of the prefix that it can, and rejects when it could not drop one. */
async function dropAll(subject: ContractSubject, prefix: string): Promise<void> {
  const driver = subject.createDriver({ prefix });
  try {
    const ids: string[] = [];
    for await (const id of driver.accounts({ timeoutMs: TIMEOUT_MS })) ids.push(id);
    const failures: unknown[] = [];
    await forEachConcurrent(ids, AT_ONCE, (id) => drop(driver, id).catch((error) => void failures.push(error)));
    if (failures.length > 0) throw failures[0];
  } finally {
    await Promise.allSettled([driver.close({ timeoutMs: TIMEOUT_MS })]);
  }
}

async function drop(driver: PersistenceDriver, id: string): Promise<void> {
  const head = await driver.head(id, { timeoutMs: TIMEOUT_MS });
  if (head === undefined || head.dropped) return;
  await driver.drop(id, {
    expected: { revision: head.revision, writeId: head.writeId },
    writerId: 'accountkeeper-contract',
    writeId: `cleanup-${head.writeId}`,
    timeoutMs: TIMEOUT_MS,
  });
}
