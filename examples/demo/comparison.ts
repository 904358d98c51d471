import { isDeepStrictEqual } from 'node:util';
import type { EngineMetadata } from '../engine-metadata.js';
import type { MetadataRecords } from './metadata-records.js';
import type { Acknowledgement } from './worker-protocol.js';

/** The fate of the changes that were acknowledged. A change: one record in one acknowledgement. */
export interface Comparison {
  readonly acknowledged: number;
  readonly restored: number;
  /** The keys of the records that did not come back as acknowledged, or newer. */
  readonly lostRecords: readonly string[];
  /** Whether the records are, all together, what an uninterrupted run has at the cursor that came back with them. */
  readonly consistent: boolean;
}

/**
 * Compares what came back with what was acknowledged before. A commit that landed when the process was killed before it
 * could be told so may have brought newer values: those have to be what `history` has at the cursor that came back.
 */
export function compare(
  acknowledgements: readonly Acknowledgement[],
  cameBack: MetadataRecords,
  history: readonly MetadataRecords[],
): Comparison {
  const cursor = cursorOf(cameBack);
  const expected = history[cursor] ?? {};
  const newest = Object.assign({}, ...acknowledgements.map(({ changes }) => changes)) as MetadataRecords;
  const acknowledgedCursor = acknowledgements.at(-1)?.cursor ?? 0;
  const lostRecords = Object.entries(newest).flatMap(([key, metadata]) => {
    const value = cameBack[key];
    const isNewer = cursor > acknowledgedCursor && value !== undefined && isSame(value, expected[key]);
    return isSame(value, metadata) || isNewer ? [] : [key];
  });
  const changes = acknowledgements.flatMap((acknowledgement) => Object.keys(acknowledgement.changes));
  const lost = new Set(lostRecords);
  return {
    acknowledged: changes.length,
    restored: changes.filter((key) => !lost.has(key)).length,
    lostRecords,
    consistent: isSame(cameBack, expected),
  };
}

export function cursorOf(records: MetadataRecords): number {
  const metadata = records['account/metadata'];
  return metadata === undefined ? 0 : (metadata as EngineMetadata).messagesProcessed;
}

/** As JSON, which is how one of the two came here. */
function isSame(left: unknown, right: unknown): boolean {
  return isDeepStrictEqual(asJson(left), asJson(right));
}

function asJson(value: unknown): unknown {
  return value === undefined ? undefined : JSON.parse(JSON.stringify(value));
}
