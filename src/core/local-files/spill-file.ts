import { createHash } from 'node:crypto';
import type { CommitBatch } from '../persistence-driver.js';
import type { Spill, SpilledAttempt } from './spill.js';

const FORMAT = 'accountkeeper-spill';
const VERSION = 2;

type Pairs = readonly (readonly [string, string])[];

interface BatchText {
  readonly upserts: Pairs;
  readonly deletes: readonly string[];
  /** Files of version 0.1.0 have none. */
  readonly documents?: readonly string[];
}

/** A spill as JSON: arrays of pairs, so that every record key is data. */
interface SpillText extends Omit<Spill, 'base' | 'attempts' | 'newer' | 'refused' | 'records'> {
  readonly base: Spill['base'] | null;
  readonly attempts: readonly (Omit<SpilledAttempt, 'expected' | 'batch'> & {
    readonly expected: SpilledAttempt['expected'] | null;
    readonly batch: BatchText;
  })[];
  readonly newer: readonly BatchText[];
  readonly refused: Pairs;
  readonly records: Pairs;
}

/** The fields that version 1 wrote in another way, or not at all. */
type SpillTextV1 = Omit<SpillText, 'newer' | 'lineage' | 'claims' | 'unencodable'> & { readonly newer: BatchText };

/** Writes a spill as text: a line with the format, its version and the digest of all that follows, then JSON. */
export function formatSpill(spill: Spill): Buffer {
  const body = Buffer.from(`${JSON.stringify(spill, plain)}\n`);
  return Buffer.concat([Buffer.from(`${FORMAT} ${VERSION} sha256:${digestOf(body)} ${body.length}\n`), body]);
}

function plain(name: string, value: unknown): unknown {
  if (value instanceof Map || value instanceof Set) return [...value];
  return name === 'base' || name === 'expected' ? (value ?? null) : value;
}

/** Reads a spill. @throws an Error that says what is wrong with the file. */
export function parseSpill(bytes: Buffer): Spill {
  const end = bytes.indexOf(10);
  const [format, version, digest, length] = bytes.subarray(0, Math.max(0, end)).toString('latin1').split(' ');
  if (format !== FORMAT) throw new Error('it is no spill file of this library');
  if (version !== '1' && version !== '2') throw new Error(`its version is ${version}, known are 1 and 2`);
  const body = bytes.subarray(end + 1);
  if (String(body.length) !== length) throw new Error(`it has ${body.length} bytes of ${length}`);
  if (`sha256:${digestOf(body)}` !== digest) throw new Error('its content does not fit its checksum');
  const parsed: unknown = JSON.parse(body.toString('utf8'));
  return spillOf(version === '1' ? upgraded(parsed as SpillTextV1) : (parsed as SpillText));
}

function upgraded(text: SpillTextV1): SpillText {
  return { ...text, newer: [text.newer], lineage: undefined, claims: [], unencodable: [] };
}

function spillOf(text: SpillText): Spill {
  return {
    ...text,
    base: text.base ?? undefined,
    attempts: text.attempts.map(({ batch, expected, ...attempt }) => ({
      ...attempt,
      expected: expected ?? undefined,
      batch: batchOf(batch),
    })),
    newer: text.newer.map(batchOf),
    refused: new Map(text.refused),
    records: new Map(text.records),
  };
}

function batchOf({ upserts, deletes, documents }: BatchText): CommitBatch {
  return { upserts: new Map(upserts), deletes: new Set(deletes), documents: new Set(documents) };
}

function digestOf(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}
