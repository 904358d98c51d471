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

/** Flushes of each account before anything counts: a bot runs for days, and its code is compiled by then. */
const WARM_UP = 2_000;

/**
 * Writing all of the state as one text, as programs do that have a timer for it, against writing what changed: through
 * Keyv, and through the raw client in the fastest way.
 */
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
  const keyv = backend.keyv(`${place}-keyv`);
  const state = new Map(range(records).map((index) => [symbolAt(index), nextEntry(index)]));
  const changedAt = (round: number): readonly number[] =>
    range(changed).map((index) => (round * changed + index) % records);
  const change = (round: number): void => {
    for (const index of changedAt(round)) state.set(symbolAt(index), nextEntry(index));
  };
  const flush = async (round: number): Promise<void> => {
    for (const index of changedAt(round)) account.setSymbolMetadata(symbolAt(index), nextEntry(index));
    await account.flush();
  };
  for (const round of range(bench.quick ? 0 : WARM_UP)) await flush(round);
  const costs = await interleave(
    {
      keyv: {
        run: async (round) => {
          change(round);
          await keyv.set('state', Object.fromEntries(state));
        },
      },
      raw: {
        run: async (round) => {
          change(round);
          await client.write([['state', JSON.stringify(Object.fromEntries(state))]], []);
        },
      },
      ours: { run: flush },
    },
    bench.quick ? 20 : 100,
  );
  await account.close();
  await client.close();
  await keyv.disconnect();
  const at = `${changed} of ${records} records changed`;
  const row = (how: 'keyv' | 'raw', what: 'CPU' | 'bytes', asked?: Row['asked']): Row => {
    const cost = what === 'CPU' ? 'cpuMs' : 'writtenBytes';
    const blobSide = how === 'keyv' ? 'blob through Keyv' : 'blob through the raw client';
    return ratioRow({
      claim: `${blobSide} / ours, ${what}, ${at}`,
      at: backend.name,
      ...(asked && { asked }),
      sides: [
        { side: blobSide, median: costs[how][cost] },
        { side: 'ours', median: costs.ours[cost] },
      ],
      sidesUnit: what === 'CPU' ? 'ms' : 'bytes',
    });
  };
  return [row('keyv', 'CPU', { atLeast }), row('keyv', 'bytes'), row('raw', 'CPU'), row('raw', 'bytes')];
}
