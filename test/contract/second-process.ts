/**
 * The second process of the contract suite: makes a driver from the subject's module (the first argument; the second
 * is the prefix) and does with it what the parent asks for.
 */
import { isAccountKeeperError } from '../../src/core/errors.js';
import type { AccountHead, PersistenceDriver } from '../../src/core/persistence-driver.js';
import { increment } from './increments.js';
import {
  countedRecord,
  type SecondProcessCall,
  type SecondProcessMessage,
  type SecondProcessRequest,
} from './second-process-protocol.js';
import type { ContractSubject } from './subject.js';

function tell(message: SecondProcessMessage): void {
  process.send?.(message);
}

async function makeDriver(): Promise<PersistenceDriver> {
  const [, , module = '', prefix = ''] = process.argv;
  const exports = (await import(module)) as { readonly default?: Partial<ContractSubject> };
  const subject = exports.default;
  if (typeof subject?.createDriver !== 'function') {
    throw new TypeError('the default export has no createDriver');
  }
  return subject.createDriver({ prefix });
}

async function commitForever(
  driver: PersistenceDriver,
  accountId: string,
  { records, valueLength }: SecondProcessCall & { method: 'commitForever' },
): Promise<never> {
  let head: AccountHead | undefined;
  for (let count = 1; ; count += 1) {
    const upserts = new Map(Array.from({ length: records }, (_, index) => countedRecord(index, count, valueLength)));
    head = await driver.commit(
      accountId,
      { upserts, deletes: new Set() },
      {
        expected: head === undefined ? undefined : { revision: head.revision, writeId: head.writeId },
        writerId: 'killed',
        writeId: `killed-${count}`,
      },
    );
    tell({ kind: 'acknowledged', accountId, count });
  }
}

async function perform(driver: PersistenceDriver, call: SecondProcessCall): Promise<unknown> {
  switch (call.method) {
    case 'open':
      return driver.open();
    case 'close':
      return driver.close();
    case 'accounts': {
      const ids: string[] = [];
      for await (const id of driver.accounts()) ids.push(id);
      return ids;
    }
    case 'head':
      return driver.head(call.accountId);
    case 'load': {
      const stored = await driver.load(call.accountId);
      return stored && { ...stored, records: new Map(stored.records), corrupt: new Map(stored.corrupt) };
    }
    case 'commit':
      return driver.commit(call.accountId, call.batch, call.options);
    case 'commitForever':
      return Promise.all(call.accountIds.map((accountId) => commitForever(driver, accountId, call)));
    case 'increment':
      return increment(driver, call.increments);
    case 'disconnect':
      process.disconnect();
      return undefined;
  }
}

async function answer(driver: PersistenceDriver, { number, call }: SecondProcessRequest): Promise<void> {
  try {
    const value = await perform(driver, call);
    if (process.connected) tell({ kind: 'result', number, value });
  } catch (error) {
    const code = isAccountKeeperError(error) ? error.code : undefined;
    tell({ kind: 'error', number, code, message: String(error) });
  }
}

async function main(): Promise<void> {
  try {
    const driver = await makeDriver();
    process.on('message', (request: SecondProcessRequest) => void answer(driver, request));
    tell({ kind: 'ready' });
  } catch (error) {
    tell({ kind: 'unusable', message: String(error) });
    process.disconnect();
  }
}

await main();
