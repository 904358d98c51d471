import { closeAccounts, filledAccounts, openAccounts } from '../accounts.js';
import { nextEntry, range } from '../data.js';
import { type Figure, ratioRow, type SideMedian } from '../figure.js';
import { median } from '../measuring/statistics.js';
import type { Version } from '../versions.js';

const RECORDS = 20;

/** What an open account takes in memory, after a restore from SQLite, against the JSON of its values. */
export const memory: Figure = {
  name: 'memory',
  title: 'Memory of an account of 20 records',
  run: async (bench) => {
    const [sqlite] = await bench.backends();
    if (sqlite === undefined) throw new Error('there is no backend');
    const count = bench.quick ? 500 : 5_000;
    const encoded = median(range(RECORDS).map((index) => JSON.stringify(nextEntry(index)).length)) * RECORDS;
    const floor: SideMedian = { side: 'JSON of its values', median: encoded };
    const rows = [];
    for (const [index, version] of bench.versions.entries()) {
      bench.progress(version.name);
      const bytes = await bytesOfAccount(version, sqlite.urlOf(`memory-${index}`), count);
      const sides = [{ side: version.name, median: bytes }, floor] as const;
      const asked = index === 0 ? { asked: { atMost: 3.5 } } : {};
      const claim = 'memory of an account of 20 records / JSON of its values';
      rows.push(ratioRow({ claim, at: version.name, ...asked, sides, sidesUnit: 'bytes' }));
    }
    return { rows };
  },
};

async function bytesOfAccount(version: Version, url: string, count: number): Promise<number> {
  const writer = version.library.createDriver(url);
  await closeAccounts(await filledAccounts(version, writer, { count, records: RECORDS }));
  await writer.close();
  const driver = version.library.createDriver(url);
  await closeAccounts(await openAccounts(version, driver, 10));
  const before = usedBytes();
  const accounts = await openAccounts(version, driver, count);
  const used = usedBytes() - before;
  await closeAccounts(accounts);
  await driver.close();
  return used / count;
}

/** @throws without the option `--expose-gc` of Node.js */
function usedBytes(): number {
  if (globalThis.gc === undefined) throw new Error('to measure memory, node needs --expose-gc');
  for (let round = 0; round < 3; round += 1) globalThis.gc();
  const { heapUsed, external, arrayBuffers } = process.memoryUsage();
  return heapUsed + external + arrayBuffers;
}
