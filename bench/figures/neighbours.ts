import { type Account, closeAccounts, filledAccount, filledAccounts } from '../accounts.js';
import type { BenchBackend } from '../backends/backend.js';
import { nextEntry, range, symbolAt } from '../data.js';
import { type Bench, type Figure, type Row, ratioRow } from '../figure.js';
import { pace } from '../measuring/pace.js';
import { quantile } from '../measuring/statistics.js';

const ACCOUNTS = 100;
const RECORDS = 20;
const CHANGES_PER_SECOND = 1_000;
/** How many records a hot account changes before each of its flushes. */
const HOT_RECORDS = 100;

/** What goes on beside the accounts whose flushes are measured. Returns what ends it. */
interface Neighbour {
  readonly name: string;
  begin(): Promise<() => Promise<void>>;
}

const NOBODY: Neighbour = { name: 'by themselves', begin: async () => async () => undefined };

/**
 * How long the flushes of accounts take beside another one on the same driver that flushes without a pause, and beside one
 * whose commit waits for a lock of somebody else, where a backend has locks for one account.
 */
export const neighbours: Figure = {
  name: 'neighbours',
  title: 'Accounts beside a hot one and a stalled one',
  run: async (bench) => {
    const rows: Row[] = [];
    for (const backend of await bench.backends()) rows.push(...(await measure(bench, backend)));
    const notes = [
      `${ACCOUNTS} accounts, ${CHANGES_PER_SECOND} flushes/s in all. The hot account flushes ${HOT_RECORDS} changes after the other. ` +
        'SQLite and Redis have no locks for one account, so that none of them can be stalled by itself.',
    ];
    return { rows, notes };
  },
};

async function measure(bench: Bench, backend: BenchBackend): Promise<readonly Row[]> {
  const [version] = bench.versions;
  const driver = version.library.createDriver(backend.urlOf('neighbours'));
  const accounts = await filledAccounts(version, driver, { count: ACCOUNTS, records: RECORDS });
  const other = await filledAccount(version, driver, HOT_RECORDS);
  const { lock } = backend;
  const neighbour: readonly Neighbour[] = [
    NOBODY,
    { name: 'beside a hot one', begin: async () => heated(other) },
    ...(lock === undefined
      ? []
      : [{ name: 'beside a stalled one', begin: () => stalled(other, () => lock('neighbours', 'bench')) }]),
  ];
  const took = new Map(neighbour.map(({ name }) => [name, [] as number[]]));
  const turns = bench.quick ? 2 : 6;
  for (const turn of range(turns + 1)) {
    bench.progress(`${backend.name}: turn ${turn} of ${turns}`);
    for (const { name, begin } of neighbour) {
      const end = await begin();
      const times = await flushTimes(accounts, bench.quick ? 500 : 2_000);
      await end();
      if (turn > 0) took.get(name)?.push(...times);
    }
  }
  await other.close();
  await closeAccounts(accounts);
  await driver.close();
  const [alone, ...beside] = took;
  if (alone === undefined) throw new Error('nothing was measured');
  return beside.flatMap(([name, times]) =>
    ([0.5, 0.99] as const).map((share) =>
      ratioRow({
        claim: `${backend.name}: p${share * 100} of a flush ${name} / ${NOBODY.name}`,
        at: '',
        sides: [
          { side: name, median: quantile(times, share) },
          { side: NOBODY.name, median: quantile(alone[1], share) },
        ],
        sidesUnit: 'ms',
      }),
    ),
  );
}

async function flushTimes(accounts: readonly Account[], forMs: number): Promise<readonly number[]> {
  const times: number[] = [];
  const flushes: Promise<void>[] = [];
  await pace(CHANGES_PER_SECOND, forMs, (index) => {
    const account = accounts[index % accounts.length];
    if (account === undefined) return;
    account.setSymbolMetadata(symbolAt(Math.floor(index / accounts.length) % RECORDS), nextEntry(index));
    const from = performance.now();
    flushes.push(account.flush().then(() => void times.push(performance.now() - from)));
  });
  await Promise.all(flushes);
  return times;
}

function heated(account: Account): () => Promise<void> {
  let goesOn = true;
  const running = (async () => {
    for (let round = 0; goesOn; round += 1) {
      for (const index of range(HOT_RECORDS)) account.setSymbolMetadata(symbolAt(index), nextEntry(round));
      await account.flush();
    }
  })();
  return () => {
    goesOn = false;
    return running;
  };
}

/** Its commits wait until the lock is released. */
async function stalled(account: Account, lock: () => Promise<() => Promise<void>>): Promise<() => Promise<void>> {
  const release = await lock();
  account.setSymbolMetadata(symbolAt(0), nextEntry(0));
  const flushed = account.flush();
  return async () => {
    await release();
    await flushed;
  };
}
