import { filledAccount } from '../accounts.js';
import type { BenchBackend } from '../backends/backend.js';
import { ACCOUNT_RECORDS, nextEntry, range, symbolAt } from '../data.js';
import { type Bench, type Figure, type Row, ratioRow } from '../figure.js';
import { interleave } from '../measuring/interleave.js';

/** An account of `records`, of which `changed` change between two flushes. */
interface Shape {
  readonly records: number;
  readonly changed: number;
  readonly atLeast: number;
}

const SHAPES: readonly Shape[] = [
  { records: ACCOUNT_RECORDS, changed: 1, atLeast: 100 },
  { records: 20, changed: 20, atLeast: 0.9 },
];

/** Writing all of the state as one JSON text, as programs do that have a timer for it, against writing what changed. */
export const blob: Figure = {
  name: 'blob',
  title: 'One JSON text of the whole state, against our flush',
  run: async (bench) => {
    const rows: Row[] = [];
    for (const backend of await bench.backends()) {
      for (const shape of SHAPES) rows.push(...(await measure(bench, backend, shape)));
    }
    return { rows };
  },
};

async function measure(bench: Bench, backend: BenchBackend, shape: Shape): Promise<readonly Row[]> {
  const { records, changed, atLeast } = shape;
  bench.progress(`${backend.name}: ${changed} of ${records}`);
  const place = `blob-${records}`;
  const account = await filledAccount(bench.versions[0], backend.urlOf(place), records);
  const client = await backend.raw(`${place}-raw`);
  const state = new Map(range(records).map((index) => [symbolAt(index), nextEntry(index)]));
  const changedAt = (round: number): readonly number[] =>
    range(changed).map((index) => (round * changed + index) % records);
  const costs = await interleave(
    {
      blob: {
        run: async (round) => {
          for (const index of changedAt(round)) state.set(symbolAt(index), nextEntry(index));
          await client.write([['state', JSON.stringify(Object.fromEntries(state))]], []);
        },
      },
      ours: {
        run: async (round) => {
          for (const index of changedAt(round)) account.setSymbolMetadata(symbolAt(index), nextEntry(index));
          await account.flush();
        },
      },
    },
    bench.quick ? 20 : 100,
  );
  await account.close();
  await client.close();
  const at = `${changed} of ${records} records changed`;
  const sidesOf = (cost: 'cpuMs' | 'writtenBytes') =>
    [
      { side: 'blob', median: costs.blob[cost] },
      { side: 'ours', median: costs.ours[cost] },
    ] as const;
  const claim = (what: string): string => `blob / ours, ${what}, ${at}`;
  return [
    ratioRow({ claim: claim('CPU'), at: backend.name, asked: { atLeast }, sides: sidesOf('cpuMs'), sidesUnit: 'ms' }),
    ratioRow({ claim: claim('bytes'), at: backend.name, sides: sidesOf('writtenBytes'), sidesUnit: 'bytes' }),
  ];
}
