import type { CommitBatch, PersistenceDriver } from 'accountkeeper';
import { openAccount } from '../accounts.js';
import type { BenchBackend, RawEntry } from '../backends/backend.js';
import { nextEntry, range, symbolAt } from '../data.js';
import type { Bench, Figure, Row } from '../figure.js';
import { longestBlock } from '../measuring/longest-block.js';
import { median } from '../measuring/statistics.js';

const TIMEOUT_MS = 120_000;
/** How many records change together. */
const TOGETHER = 1_000;

/**
 * For how long a flush and a restore of 100,000 records keep the event loop from anything else, and for how long the raw
 * client does, with the texts of our largest commit at once, and with reading everything.
 */
export const large: Figure = {
  name: 'large',
  title: 'An account of 100,000 records',
  run: async (bench) => {
    const rows: Row[] = [];
    for (const backend of await bench.backends()) rows.push(...(await measure(bench, backend)));
    return {
      rows,
      notes: ['One request: the texts of our largest commit in one write of the raw client, or all in one read.'],
    };
  },
};

async function measure(bench: Bench, backend: BenchBackend): Promise<readonly Row[]> {
  const [version] = bench.versions;
  const records = bench.quick ? 10_000 : 100_000;
  const turns = bench.quick ? 2 : 5;
  const blocks = { flush: [] as number[], restore: [] as number[], write: [] as number[], read: [] as number[] };
  const client = await backend.raw('large-raw');
  const reader = await backend.raw('large');
  const { driver, largestCommit } = watchedDriver(version.library.createDriver(backend.urlOf('large')));
  for (const turn of range(turns)) {
    bench.progress(`${backend.name}: turn ${turn + 1} of ${turns}`);
    let account = await openAccount(version, 'bench', driver);
    for (const index of range(records)) {
      account.setSymbolMetadata(symbolAt(index), nextEntry(index));
      // What changes in one turn belongs together, and has to fit into one commit.
      if (index % TOGETHER === 0) await Promise.resolve();
    }
    blocks.flush.push(await longestBlock(() => account.flush({ timeoutMs: TIMEOUT_MS })));
    await account.close();
    const commit = largestCommit();
    const entries = Array.from(commit.upserts, ([key, text]): RawEntry => [key.replace(/\W/g, '-'), text]);
    blocks.write.push(await longestBlock(() => client.write(entries, [])));
    blocks.restore.push(
      await longestBlock(async () => {
        account = await openAccount(version, 'bench', driver);
      }),
    );
    await account.close();
    await reader.readAll();
    blocks.read.push(await longestBlock(() => reader.readAll()));
  }
  await Promise.all([client.close(), reader.close(), driver.close()]);
  const row = (what: 'flush' | 'restore', request: 'write' | 'read'): Row => {
    const [ours, floor] = [median(blocks[what]), median(blocks[request])];
    return {
      claim: `longest block in a ${what} of ${records} records, beside one request's own copying`,
      at: backend.name,
      value: ours - floor,
      unit: 'ms',
      asked: { atMost: 25 },
      sides: [
        { side: 'this version', median: ours },
        { side: 'one request', median: floor },
      ],
      sidesUnit: 'ms',
    };
  };
  return [row('flush', 'write'), row('restore', 'read')];
}

/** The driver, and the batch with the most records that it was given since it was last asked for. */
function watchedDriver(inner: PersistenceDriver): {
  readonly driver: PersistenceDriver;
  largestCommit(): CommitBatch;
} {
  let largest: CommitBatch = { upserts: new Map(), deletes: new Set() };
  const driver: PersistenceDriver = {
    apiVersion: inner.apiVersion,
    name: inner.name,
    capabilities: inner.capabilities,
    limits: inner.limits,
    open: (options) => inner.open(options),
    head: (id, options) => inner.head(id, options),
    load: (id, options) => inner.load(id, options),
    commit: (id, batch, options) => {
      if (batch.upserts.size > largest.upserts.size) largest = batch;
      return inner.commit(id, batch, options);
    },
    drop: (id, options) => inner.drop(id, options),
    accounts: (options) => inner.accounts(options),
    close: (options) => inner.close(options),
  };
  return {
    driver,
    largestCommit: () => {
      const found = largest;
      largest = { upserts: new Map(), deletes: new Set() };
      return found;
    },
  };
}
