import { type Account, filledAccount, openAccount } from '../accounts.js';
import type { BenchBackend } from '../backends/backend.js';
import { ACCOUNT_RECORDS } from '../data.js';
import { type Bench, type Figure, type Row, ratioRow } from '../figure.js';
import { interleave, type Side } from '../measuring/interleave.js';
import type { Version } from '../versions.js';

/** Opening an account, its take-over included, against reading and parsing the same bytes with the raw client. */
export const restore: Figure = {
  name: 'restore',
  title: 'A restore of 10,000 records',
  run: async (bench) => {
    const rows: Row[] = [];
    for (const backend of await bench.backends()) rows.push(...(await measure(bench, backend)));
    return { rows };
  },
};

async function measure(bench: Bench, backend: BenchBackend): Promise<readonly Row[]> {
  bench.progress(backend.name);
  const [present, other] = bench.versions;
  const ours = await stored(present, backend.urlOf('restore-ours'));
  const others = other && (await stored(other, backend.urlOf('restore-other')));
  const client = await backend.raw('restore-ours');
  await client.readAll();
  const costs = await interleave(
    {
      ours: ours.side,
      raw: {
        run: async () => {
          const values = new Map<string, unknown>();
          for (const [key, text] of await client.readAll()) values.set(key, JSON.parse(text));
          return values;
        },
      },
      ...(others && { other: others.side }),
    },
    bench.quick ? 5 : 30,
  );
  await ours.close();
  await others?.close();
  await client.close();
  const subject = { side: 'this version', median: costs.ours.wallMs };
  const raw = { side: 'raw read and JSON.parse', median: costs.raw.wallMs };
  const claim = 'restore of 10,000 / raw read and JSON.parse';
  const rows = [ratioRow({ claim, at: backend.name, asked: { atMost: 1.7 }, sides: [subject, raw], sidesUnit: 'ms' })];
  if (costs.other !== undefined && other !== undefined) {
    const sides = [subject, { side: other.name, median: costs.other.wallMs }] as const;
    rows.push(ratioRow({ claim: 'restore of 10,000 / the other version', at: backend.name, sides, sidesUnit: 'ms' }));
  }
  return rows;
}

/** An account that is stored, and a side that opens it; the one of the round before is closed meanwhile. */
async function stored(version: Version, url: string): Promise<{ readonly side: Side; close(): Promise<void> }> {
  const account = await filledAccount(version, url, ACCOUNT_RECORDS);
  await account.close();
  const driver = version.library.createDriver(url);
  await driver.open();
  let open: Account | undefined;
  const side: Side = {
    prepare: async () => open?.close(),
    run: async () => {
      open = await openAccount(version, 'bench', driver);
    },
  };
  return {
    side,
    close: async () => {
      await open?.close();
      await driver.close();
    },
  };
}
