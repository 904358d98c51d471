import { existsSync, readFileSync } from 'node:fs';
import { parseSpill } from '../../../src/core/local-files/spill-file.js';
import { parseHeadMeta } from '../../../src/core/ownership/head-meta.js';
import { must } from '../violation.js';
import type { AppliedCommit } from '../world/applied-commit.js';
import { DAMAGED_RECORD } from '../world/backend.js';
import { isSame } from '../world/memory.js';
import type { Versions } from '../world/versions.js';

/** A spill file, as it was when it was written. */
export interface TrackedSpill {
  readonly path: string;
  readonly bytes: Buffer;
  /** What the store that wrote it held. */
  readonly memory: ReadonlyMap<string, string>;
  /** Record keys that perhaps could not be written at all. */
  readonly rejected: ReadonlySet<string>;
  readonly versions: Versions;
  readonly holdsDamaged: boolean;
  /** Somebody has taken it away. */
  isRemoved: boolean;
}

/** A spill file is there, unchanged, until its content is in the backend. */
export function checkSpills(spills: readonly TrackedSpill[], applied: Iterable<AppliedCommit>): void {
  const replayed = new Set<string>();
  for (const { isRemoved, path, bytes } of spills) {
    if (isRemoved) continue;
    const found = [path, `${path}.conflicting`, `${path}.refused`].find((each) => existsSync(each));
    if (found !== undefined) {
      must(readFileSync(found).equals(bytes), 'a spill file is never changed', () => path);
      continue;
    }
    if (replayed.size === 0) for (const id of replayedIn(applied)) replayed.add(id);
    must(
      replayed.has(parseSpill(bytes).id),
      'a spill file is not gone before its content is in the backend',
      () => path,
    );
  }
}

/** What a spill has to say of what could not be saved: nothing that was in memory is left out in silence. */
export function checkSpilled({ bytes, memory, path }: TrackedSpill): void {
  const { records, refused, unencodable } = parseSpill(bytes);
  for (const [recordKey, text] of memory) {
    const isWritten = records.has(recordKey) || refused.has(recordKey) || unencodable.includes(recordKey);
    must(isWritten, 'a spill names all that was in memory', () => `${path}: ${recordKey}`);
    const isRight = !text.endsWith('n') || unencodable.includes(recordKey);
    must(isRight, 'a spill names what cannot be encoded', () => `${path}: ${recordKey}`);
  }
}

/** Whether a memory is what a spill was written from. */
export function holds(memory: ReadonlyMap<string, string>, { memory: spilled, rejected }: TrackedSpill): boolean {
  // Nobody may have tried yet to encode what cannot be.
  const isWritten = ([recordKey, text]: readonly [string, string]): boolean => {
    return !rejected.has(recordKey) && !text.endsWith('n') && recordKey !== DAMAGED_RECORD;
  };
  return isSame(new Map([...memory].filter(isWritten)), new Map([...spilled].filter(isWritten)));
}

function* replayedIn(applied: Iterable<AppliedCommit>): Iterable<string> {
  for (const { head } of applied) yield* parseHeadMeta(head.meta).replayed;
}
