import type { ContractSubject } from '../../test/contract/index.js';
import type { PersistenceDriver } from '../core/persistence-driver.js';

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
        for (const prefix of prefixes) if (await dropAll(subject, prefix)) left.delete(prefix);
      };
      let timer: NodeJS.Timeout | undefined;
      // A driver that is being tested may never answer.
      const limit = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, LIMIT_MS);
      });
      await Promise.race([work(), limit]);
      clearTimeout(timer);
      return left.size;
    },
  };
}

/** Whether all accounts of the prefix were dropped. */
async function dropAll(subject: ContractSubject, prefix: string): Promise<boolean> {
  let driver: PersistenceDriver | undefined;
  try {
    driver = subject.createDriver({ prefix });
    const ids: string[] = [];
    for await (const id of driver.accounts({ timeoutMs: TIMEOUT_MS })) ids.push(id);
    let complete = true;
    for (let start = 0; start < ids.length; start += AT_ONCE) {
      const drops = ids.slice(start, start + AT_ONCE).map((id) => drop(driver as PersistenceDriver, id));
      const results = await Promise.allSettled(drops);
      complete &&= results.every(({ status }) => status === 'fulfilled');
    }
    return complete;
  } catch {
    // It is counted as left.
    return false;
  } finally {
    await Promise.allSettled([driver?.close({ timeoutMs: TIMEOUT_MS })]);
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
