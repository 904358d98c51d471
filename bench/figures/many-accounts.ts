import type { PersistenceDriver } from 'accountkeeper';
import { type Account, closeAccounts, filledAccounts } from '../accounts.js';
import type { BenchBackend, RawClient, RawEntry } from '../backends/backend.js';
import { nextEntry, range, symbolAt } from '../data.js';
import { type Bench, type Figure, type Row, ratioRow } from '../figure.js';
import { pace } from '../measuring/pace.js';
import { median, quantile } from '../measuring/statistics.js';
import type { Version } from '../versions.js';

const RECORDS = 20;
const CHANGES_PER_SECOND = 10_000;
/** Longer than any acknowledgement should take, and shorter than anybody's patience. */
const MOST_PATIENCE_MS = 30_000;

/** Accounts of 20 records on one driver: how many commits it makes, and how old a change gets before it is durable. */
export const manyAccounts: Figure = {
  name: 'many-accounts',
  title: 'Many accounts on one driver',
  run: async (bench) => {
    const rows: Row[] = [];
    for (const backend of await bench.backends()) {
      rows.push(...(await manySideBySide(bench, backend)), ...(await veryMany(bench, backend)));
    }
    return { rows };
  },
};

/** The accounts of one version. */
interface Fleet {
  readonly driver: PersistenceDriver;
  readonly accounts: readonly Account[];
}

/** How old changes were when they were acknowledged. */
interface Staleness {
  readonly ages: readonly number[];
  readonly cpuPerSecond: number;
}

async function manySideBySide(bench: Bench, backend: BenchBackend): Promise<readonly Row[]> {
  const count = bench.quick ? 500 : 2_000;
  const forMs = bench.quick ? 1_000 : 2_000;
  const turns = bench.quick ? 2 : 4;
  bench.progress(`${backend.name}: filling ${count} accounts of each version`);
  const fleets: Fleet[] = [];
  for (const [index, version] of bench.versions.entries()) {
    fleets.push(await fleetOf(version, backend.urlOf(`many-${index}`), count));
  }
  const client = await backend.raw('many-raw');
  bench.progress(`${backend.name}: as many commits as possible, in turns`);
  const rates = fleets.map((): number[] => []);
  const rawRates: number[] = [];
  for (const turn of range(turns)) {
    for (const [index, { accounts }] of fleets.entries()) rates[index]?.push(await commitRate(accounts, forMs));
    rawRates.push(await rawRate(client, count, forMs, turn));
  }
  bench.progress(`${backend.name}: ${CHANGES_PER_SECOND} changes a second, in turns`);
  const staleness = fleets.map((): Staleness[] => []);
  for (const _ of range(turns)) {
    for (const [index, { accounts }] of fleets.entries()) staleness[index]?.push(await stalenessOf(accounts, forMs));
  }
  await client.close();
  for (const fleet of fleets) await closed(fleet);
  const named = `${backend.name}: ${count} accounts`;
  const rateSides = bench.versions.map(({ name }, index) => ({ side: name, median: median(rates[index] ?? []) }));
  const [ours, others] = rateSides;
  if (ours === undefined) throw new Error('no version was measured');
  const raw = { side: 'one raw statement for all', median: median(rawRates) };
  const rows: Row[] = [
    ratioRow({
      claim: `${named}, commits/s / one raw statement for all`,
      at: '',
      sides: [ours, raw],
      sidesUnit: 'per second',
    }),
  ];
  if (others !== undefined) {
    const asked = { atLeast: backend.name === 'Redis' ? 1.6 : 6 };
    const claim = `${named}, commits/s / the other version`;
    rows.push(ratioRow({ claim, at: '', asked, sides: [ours, others], sidesUnit: 'per second' }));
  }
  for (const [index, { name }] of bench.versions.entries()) {
    rows.push(...stalenessRows(`${named}, ${CHANGES_PER_SECOND} changes/s`, name, staleness[index] ?? [], index === 0));
  }
  return rows;
}

function stalenessRows(what: string, version: string, runs: readonly Staleness[], isAsked: boolean): readonly Row[] {
  const ages = runs.flatMap((run) => run.ages);
  const row = (kind: string, value: number, atMost: number): Row => {
    const claim = `${what}, ${kind}`;
    return { claim, at: version, value, unit: 'ms', ...(isAsked ? { asked: { atMost } } : {}) };
  };
  const cpu = median(runs.map(({ cpuPerSecond }) => cpuPerSecond));
  return [
    row('staleness p99', quantile(ages, 0.99), 300),
    row("any account's maximum", quantile(ages, 1), 500),
    { claim: `${what}, CPU for each second`, at: version, value: cpu, unit: 's' },
  ];
}

async function veryMany(bench: Bench, backend: BenchBackend): Promise<readonly Row[]> {
  const count = bench.quick ? 2_000 : 20_000;
  bench.progress(`${backend.name}: ${count} accounts`);
  const fleet = await fleetOf(bench.versions[0], backend.urlOf('very-many'), count);
  const { ages } = await stalenessOf(fleet.accounts, bench.quick ? 1_000 : 8_000);
  await closed(fleet);
  const claim = `${backend.name}: ${count} accounts, ${CHANGES_PER_SECOND} changes/s, maximum staleness`;
  return [{ claim, at: '', value: quantile(ages, 1), unit: 'ms', asked: { atMost: 1_000 } }];
}

async function fleetOf(version: Version, url: string, count: number): Promise<Fleet> {
  const driver = version.library.createDriver(url);
  return { driver, accounts: await filledAccounts(version, driver, { count, records: RECORDS }) };
}

async function closed({ driver, accounts }: Fleet): Promise<void> {
  await closeAccounts(accounts);
  await driver.close();
}

/** Commits per second, when each account makes the next one as soon as the last one is acknowledged. */
async function commitRate(accounts: readonly Account[], forMs: number): Promise<number> {
  const from = performance.now();
  let commits = 0;
  await Promise.all(
    accounts.map(async (account) => {
      for (let next = 0; performance.now() - from < forMs; next += 1) {
        account.setSymbolMetadata(symbolAt(next % RECORDS), nextEntry(next));
        await account.flush();
        commits += 1;
      }
    }),
  );
  return commits / ((performance.now() - from) / 1000);
}

/** The same for one statement after the other that writes a record and a revision of each account, unconditionally. */
async function rawRate(client: RawClient, accounts: number, forMs: number, turn: number): Promise<number> {
  const from = performance.now();
  let commits = 0;
  for (let next = 0; performance.now() - from < forMs; next += 1) {
    const entries = range(accounts).flatMap((account): readonly RawEntry[] => [
      [`${account}-${symbolAt(next % RECORDS)}`, JSON.stringify(nextEntry(next))],
      [`${account}-rev`, String(turn * 1_000_000 + next)],
    ]);
    await client.write(entries, []);
    commits += accounts;
  }
  return commits / ((performance.now() - from) / 1000);
}

/** Changes go round the accounts, and within each round its records. */
async function stalenessOf(accounts: readonly Account[], forMs: number): Promise<Staleness> {
  const ages: number[] = [];
  let unacknowledged = 0;
  const ends = accounts.map((account) => {
    const changedAt = new Map<string, number>();
    const acknowledge = ({ records }: { readonly records: readonly string[] }): void => {
      const now = performance.now();
      for (const record of records) {
        const since = changedAt.get(record);
        if (since === undefined || !changedAt.delete(record)) continue;
        ages.push(now - since);
        unacknowledged -= 1;
      }
    };
    account.on('flushed', acknowledge);
    return { account, changedAt, end: () => account.off('flushed', acknowledge) };
  });
  const cpu = process.cpuUsage();
  const from = performance.now();
  await pace(CHANGES_PER_SECOND, forMs, (index) => {
    const { account, changedAt } = ends[index % ends.length] ?? {};
    const symbol = symbolAt(Math.floor(index / ends.length) % RECORDS);
    account?.setSymbolMetadata(symbol, nextEntry(index));
    const record = `metadata/${symbol}`;
    if (changedAt === undefined || changedAt.has(record)) return;
    changedAt.set(record, performance.now());
    unacknowledged += 1;
  });
  const { user, system } = process.cpuUsage(cpu);
  const seconds = (performance.now() - from) / 1000;
  const giveUpAt = performance.now() + MOST_PATIENCE_MS;
  while (unacknowledged > 0 && performance.now() < giveUpAt) await new Promise((resolve) => setTimeout(resolve, 10));
  if (unacknowledged > 0) throw new Error(`${unacknowledged} changes were not acknowledged`);
  for (const { end } of ends) end();
  return { ages, cpuPerSecond: (user + system) / 1_000_000 / seconds };
}
