import { syncsOfProcesses } from '../../test/support/count-syncs.js';
import { type Account, filledAccount } from '../accounts.js';
import type { BenchBackend, RawClient, RawEntry } from '../backends/backend.js';
import { ACCOUNT_RECORDS, type Entry, nextEntry, range, symbolAt } from '../data.js';
import type { Bench, Figure, Measured, Row } from '../figure.js';
import { ratioRow } from '../figure.js';
import { type Costs, interleave, type Rounds, type Side } from '../measuring/interleave.js';
import type { Version } from '../versions.js';

/** What a flush writes. */
const KINDS = ['changes', 'inserts and deletes'] as const;
type Kind = (typeof KINDS)[number];

const SIZES = [1, 10, 100, 1_000];
const SYNCED_FLUSHES = 20;

/** Records by their index: those to write, and those to delete. */
interface Batch {
  readonly upserts: readonly (readonly [index: number, entry: Entry])[];
  readonly deletes: readonly number[];
}

/** Something that can write a batch. */
interface Writer {
  /** What comes before a flush; not measured. */
  readonly change?: (batch: Batch) => void;
  readonly write: (batch: Batch) => Promise<void>;
}

/**
 * What a flush of K records costs, of an account that has 10,000, against the raw client: writing short keys and bare
 * JSON in the fastest way (lean) and as most would write it (plain), and writing the very keys and texts that we store
 * in the fastest way (same bytes). All write a revision row as well, atomically, whatever is stored. Our side begins with `flush()`, after the setters, which `hot-paths` measures; the
 * floors begin with `JSON.stringify`.
 */
export const flush: Figure = {
  name: 'flush',
  title: 'A flush of K records, of an account of 10,000',
  run: async (bench) => {
    const parts: Measured[] = [];
    for (const backend of await bench.backends()) parts.push(await measure(bench, backend));
    return { rows: parts.flatMap(({ rows }) => rows), notes: parts.flatMap(({ notes = [] }) => notes) };
  },
};

async function measure(bench: Bench, backend: BenchBackend): Promise<Measured> {
  const [present, other] = bench.versions;
  const ours = await filledAccount(present, backend.urlOf('flush-ours'), ACCOUNT_RECORDS);
  const others = other && (await filledAccount(other, backend.urlOf('flush-other'), ACCOUNT_RECORDS));
  const lean = await leanFloor(backend);
  const plain = await leanFloor(backend, 'writePlainly');
  const same = await sameBytesFloor(backend);
  const writers = {
    ours: accountWriter(ours),
    lean: { write: lean.write },
    plain: { write: plain.write },
    same: { write: same.write },
    ...(others && { other: accountWriter(others) }),
  };
  const rows: Row[] = [];
  for (const kind of KINDS) {
    for (const size of SIZES) {
      bench.progress(`${backend.name}: ${kind}, K = ${size}`);
      const costs = await interleave(sidesOf(writers, kind, size), roundsOf(bench, size));
      rows.push(...rowsOf(backend, kind, size, costs, other));
    }
  }
  const synced = await syncRows(backend, writers);
  await Promise.all([ours.close(), others?.close(), lean.close(), plain.close(), same.close()]);
  return { rows: [...rows, ...synced.rows], notes: synced.notes ?? [] };
}

/** A bot runs for days: all sides are measured as they are once they were compiled. */
function roundsOf({ quick }: Bench, size: number): Rounds {
  const measured = size >= 1_000 ? 60 : size >= 100 ? 150 : 300;
  return quick ? { warmUp: measured / 20, measured: measured / 10 } : { warmUp: 2_000 / Math.sqrt(size), measured };
}

/** Each side prepares a batch of its own, so that no side finds the entries of another frozen. */
function sidesOf<Writers extends Readonly<Record<string, Writer>>>(
  writers: Writers,
  kind: Kind,
  size: number,
): { readonly [Name in keyof Writers]: Side } {
  const entries = Object.entries(writers).map(([name, writer]) => {
    let batch: Batch = { upserts: [], deletes: [] };
    const side: Side = {
      prepare: (round) => {
        batch = batchOf(kind, size, round);
        writer.change?.(batch);
      },
      run: () => writer.write(batch),
    };
    return [name, side] as const;
  });
  return Object.fromEntries(entries) as { readonly [Name in keyof Writers]: Side };
}

/** Changes go round the account. Inserts take the places of those that the same flush deletes. */
function batchOf(kind: Kind, size: number, round: number): Batch {
  if (kind === 'changes') {
    const indexes = range(size).map((index) => (round * size + index * 7) % ACCOUNT_RECORDS);
    return { upserts: [...new Set(indexes)].map((index) => [index, nextEntry(index)]), deletes: [] };
  }
  const come = range(size, ACCOUNT_RECORDS + (round % 2) * size);
  const go = range(size, ACCOUNT_RECORDS + ((round + 1) % 2) * size);
  return { upserts: come.map((index) => [index, nextEntry(index)]), deletes: go };
}

function accountWriter(account: Account): Writer {
  return {
    change: ({ upserts, deletes }) => {
      for (const [index, entry] of upserts) account.setSymbolMetadata(symbolAt(index), entry);
      for (const index of deletes) account.deletePositionMetadata(symbolAt(index));
    },
    write: () => account.flush(),
  };
}

type WriteKind = 'write' | 'writePlainly';

interface Floor {
  readonly write: Writer['write'];
  close(): Promise<void>;
}

async function leanFloor(backend: BenchBackend, how: WriteKind = 'write'): Promise<Floor> {
  const format: Format = { key: symbolAt, text: (entry) => JSON.stringify(entry), revision: (n) => ['rev', String(n)] };
  return filledFloor(await backend.raw(`flush-lean-${how.toLowerCase()}`), format, how);
}

/** Takes its format from what this version has stored, which is found in it as it was written, or nothing runs. */
async function sameBytesFloor(backend: BenchBackend): Promise<Floor> {
  const reader = await backend.raw('flush-ours');
  const stored = await reader.readAll();
  await reader.close();
  const record = stored.find(([key]) => key.includes(symbolAt(0)));
  const head = stored.find(([key]) => key.endsWith(':head'));
  const json = /\{"leaderId":.*?\]\}/.exec(record?.[1] ?? '')?.[0];
  if (record === undefined || head === undefined || json === undefined) throw new Error('our format is not known');
  // Redis has one place for the keys of all sides.
  const ownKey = (key: string): string => key.replace('flush-ours', 'flush-same');
  const [keyStart = '', keyEnd = ''] = ownKey(record[0]).split(symbolAt(0));
  const [textStart = '', textEnd = ''] = record[1].split(json);
  const [headKey, headText] = head;
  const format: Format = {
    key: (index) => keyStart + symbolAt(index) + keyEnd,
    text: (entry) => textStart + JSON.stringify(entry) + textEnd,
    revision: (n) => [ownKey(headKey), headText.replace(/"revision":\d+/, `"revision":${n}`)],
  };
  return filledFloor(await backend.raw('flush-same'), format);
}

/** How a floor stores entries. */
interface Format {
  key(index: number): string;
  text(entry: Entry): string;
  revision(number: number): RawEntry;
}

async function filledFloor(
  client: RawClient,
  { key, text, revision }: Format,
  how: WriteKind = 'write',
): Promise<Floor> {
  let number = 0;
  const write: Writer['write'] = async ({ upserts, deletes }) => {
    number += 1;
    const entries = upserts.map(([index, entry]): RawEntry => [key(index), text(entry)]);
    entries.push(revision(number));
    await client[how](entries, deletes.map(key));
  };
  await write({ upserts: range(ACCOUNT_RECORDS).map((index) => [index, nextEntry(index)]), deletes: [] });
  return { write, close: () => client.close() };
}

type AllCosts = Readonly<Record<'ours' | 'lean' | 'plain' | 'same', Costs>> & Readonly<Partial<Record<'other', Costs>>>;

function rowsOf(backend: BenchBackend, kind: Kind, size: number, costs: AllCosts, other?: Version): readonly Row[] {
  const isRedis = backend.name === 'Redis';
  const many = size === 1 ? 'K = 1' : 'K ≥ 10';
  const row = (cost: 'wallMs' | 'cpuMs', against: keyof AllCosts, what: string, most?: number): readonly Row[] => {
    const floor = costs[against];
    if (floor === undefined) return [];
    const claim = `${backend.name}: ${kind}, ${what}, ${many}`;
    const sides = [
      { side: 'this version', median: costs.ours[cost] },
      { side: against === 'other' ? (other?.name ?? '') : `${against} floor`, median: floor[cost] },
    ] as const;
    const asked = most === undefined ? {} : { asked: { atMost: most } };
    return [ratioRow({ claim, at: size === 1 ? '' : `K = ${size}`, ...asked, sides, sidesUnit: 'ms' })];
  };
  const single = isRedis ? 1.7 : 1.3;
  const lean = kind === 'changes' ? (isRedis ? 2 : 1.35) : isRedis ? 2.2 : 1.5;
  const cpu = isRedis ? 2 : 1.5;
  const isAsked = kind === 'changes' && size > 1;
  return [
    ...row('wallMs', 'lean', 'wall / lean floor', size === 1 ? (kind === 'changes' ? single : undefined) : lean),
    ...row('wallMs', 'plain', 'wall / plain floor'),
    ...row('cpuMs', 'plain', 'CPU / plain floor'),
    ...row('wallMs', 'same', 'wall / same-bytes floor', isAsked && !isRedis ? 1.1 : undefined),
    ...row('cpuMs', 'lean', 'CPU / lean floor', size > 1 ? cpu : undefined),
    ...row('wallMs', 'other', 'wall / the other version'),
    ...row('cpuMs', 'other', 'CPU / the other version'),
  ];
}

/** Redis syncs by its clock, and both sides are on the same server. */
async function syncRows(backend: BenchBackend, writers: Readonly<Record<string, Writer>>): Promise<Measured> {
  if (backend.name === 'Redis') return { rows: [], notes: ['Redis: appendfsync everysec, one server for all sides'] };
  const counts: number[] = [];
  try {
    for (const name of ['ours', 'lean']) {
      const write = async (): Promise<void> => {
        for (const round of range(SYNCED_FLUSHES)) {
          const batch = batchOf('changes', 10, round);
          writers[name]?.change?.(batch);
          await writers[name]?.write(batch);
        }
      };
      counts.push((await syncsOfProcesses(backend.pids(), write)) / SYNCED_FLUSHES);
    }
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return { rows: [], notes: [`${backend.name}: syncs were not counted: ${why}`] };
  }
  const [ours = Number.NaN, lean = Number.NaN] = counts;
  const sides = [
    { side: 'this version', median: ours },
    { side: 'lean floor', median: lean },
  ];
  const row: Row = {
    claim: `${backend.name}: syncs per flush`,
    at: '',
    value: ours,
    unit: 'count',
    sides,
    sidesUnit: 'count',
  };
  return { rows: [row] };
}
