import { createHash } from 'node:crypto';
import type { CommitBatch } from '../persistence-driver.js';
import type { Spill, SpilledAttempt } from './spill.js';

const FORMAT = 'accountkeeper-spill';
const VERSION = 1;

type Pairs = readonly (readonly [string, string])[];

interface BatchText {
  readonly upserts: Pairs;
  readonly deletes: readonly string[];
}

/** A spill as JSON: arrays of pairs, so that every record key is data. */
type SpillText = Omit<Spill, 'base' | 'attempts' | 'newer' | 'refused' | 'records'> & {
  readonly base: Spill['base'] | null;
  readonly attempts: readonly (Pick<SpilledAttempt, 'writeId'> & {
    readonly expected: SpilledAttempt['expected'] | null;
    readonly batch: BatchText;
  })[];
  readonly newer: BatchText;
  readonly refused: Pairs;
  readonly records: Pairs;
};

/** Writes a spill as text: a line with the format, its version and the digest of all that follows, then JSON. */
export function formatSpill(spill: Spill): Buffer {
  const text: SpillText = {
    ...spill,
    base: spill.base ?? null,
    attempts: spill.attempts.map(({ writeId, expected, batch }) => ({
      writeId,
      expected: expected ?? null,
      batch: batchText(batch),
    })),
    newer: batchText(spill.newer),
    refused: [...spill.refused],
    records: [...spill.records],
  };
  const body = Buffer.from(`${JSON.stringify(text)}\n`);
  return Buffer.concat([Buffer.from(`${FORMAT} ${VERSION} sha256:${digestOf(body)} ${body.length}\n`), body]);
}

/** Reads a spill. @throws an Error that says what is wrong with the file. */
export function parseSpill(bytes: Buffer): Spill {
  const end = bytes.indexOf(10);
  const [format, version, digest, length] = bytes.subarray(0, Math.max(0, end)).toString('latin1').split(' ');
  if (format !== FORMAT) throw new Error('it is no spill file of this library');
  if (version !== String(VERSION)) throw new Error(`its version is ${version}, known is ${VERSION}`);
  const body = bytes.subarray(end + 1);
  if (String(body.length) !== length) throw new Error(`it has ${body.length} bytes of ${length}`);
  if (`sha256:${digestOf(body)}` !== digest) throw new Error('its content does not fit its checksum');
  return spillOf(JSON.parse(body.toString('utf8')) as SpillText);
}

function spillOf(text: SpillText): Spill {
  return {
    ...text,
    base: text.base ?? undefined,
    attempts: text.attempts.map(({ writeId, expected, batch }) => ({
      writeId,
      expected: expected ?? undefined,
      batch: batchOf(batch),
    })),
    newer: batchOf(text.newer),
    refused: new Map(text.refused),
    records: new Map(text.records),
  };
}

function batchText({ upserts, deletes }: CommitBatch): BatchText {
  return { upserts: [...upserts], deletes: [...deletes] };
}

function batchOf({ upserts, deletes }: BatchText): CommitBatch {
  return { upserts: new Map(upserts), deletes: new Set(deletes) };
}

function digestOf(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}
