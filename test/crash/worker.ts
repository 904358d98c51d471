import { writeSync } from 'node:fs';
import { type AccountStateStore, createDriver, isAccountKeeperError, AccountStateStore as Store } from 'accountkeeper';
import { changesOf, numbers } from './history.js';

/**
 * Changes several accounts at random, one transaction a step, and says of each step that was acknowledged that it was:
 * a line `<account> <step>` on the standard output, written synchronously. It runs until it is killed.
 *
 * Arguments: the driver's URL, the number of accounts, a seed, and optionally after how many steps to end.
 */
interface Cursor {
  readonly step: number;
}

interface Entry {
  readonly step: number;
}

const [url = '', accounts = '1', seed = '1', lastStep = 'Infinity'] = process.argv.slice(2);
const driver = createDriver(url);

async function run(accountIndex: number): Promise<void> {
  const random = numbers(Number(seed) * 7 + accountIndex);
  const draw = (below: number): number => random.next().value % below;
  const store = new Store<Entry, Cursor>({
    accountId: `crash-${accountIndex}`,
    driver,
    flush: { debounceMs: 1, maxWaitMs: 4 },
  });
  await store.restore();
  writeSync(1, `ready ${accountIndex}\n`);
  let step = store.getAccountMetadata()?.step ?? 0;
  while (step < Number(lastStep)) {
    step += 1;
    change(store, accountIndex, step);
    const next = draw(10);
    if (next < 3) {
      await acknowledge(store, accountIndex, step);
    } else if (next < 6) {
      await new Promise((resolve) => setImmediate(resolve));
    } else if (next < 8) {
      await new Promise((resolve) => setTimeout(resolve, draw(6)));
    }
  }
  await store.close();
}

/** While the backend is away the flush rejects, and the store goes on trying: nothing was acknowledged then. */
async function acknowledge(store: AccountStateStore<Entry, Cursor>, accountIndex: number, step: number): Promise<void> {
  try {
    await store.flush();
  } catch (error) {
    if (!isAccountKeeperError(error) || !error.retryable) throw error;
    await new Promise((resolve) => setTimeout(resolve, 5));
    return;
  }
  writeSync(1, `${accountIndex} ${step}\n`);
}

function change(store: AccountStateStore<Entry, Cursor>, accountIndex: number, step: number): void {
  store.transaction(() => {
    for (const { symbol, deleted } of changesOf(accountIndex, step)) {
      if (deleted) store.deletePositionMetadata(symbol);
      else store.setSymbolMetadata(symbol, { step });
    }
    store.setAccountMetadata({ step });
  });
}

await Promise.all(Array.from({ length: Number(accounts) }, (_, accountIndex) => run(accountIndex)));
await driver.close();
