import { existsSync, readFileSync } from 'node:fs';
import { parseHeadMeta } from '../../../src/core/ownership/head-meta.js';
import { parseSpill } from '../../../src/core/spill/spill-file.js';
import type { AppliedCommit } from '../backend.js';
import { isSame } from '../memory.js';
import { must } from '../violation.js';

/** A spill file, as it was when it was written. */
export interface TrackedSpill {
  readonly path: string;
  readonly bytes: Buffer;
  /** What the store that wrote it held. */
  readonly memory: ReadonlyMap<string, string>;
  /** Record keys that could not be written at all. */
  readonly rejected: ReadonlySet<string>;
}

/** A spill file is there, unchanged, until its content is in the backend. */
export function checkSpills(spills: readonly TrackedSpill[], applied: readonly AppliedCommit[]): void {
  for (const { path, bytes } of spills) {
    const found = [path, `${path}.conflicting`, `${path}.refused`].find((each) => existsSync(each));
    if (found !== undefined) {
      must(readFileSync(found).equals(bytes), 'a spill file is never changed', () => path);
      continue;
    }
    const { id } = parseSpill(bytes);
    const isReplayed = applied.some(({ head }) => parseHeadMeta(head.meta).replayed.includes(id));
    must(isReplayed, 'a spill file is not gone before its content is in the backend', () => path);
  }
}

/** Whether a memory is what a spill was written from. */
export function holds(memory: ReadonlyMap<string, string>, { memory: spilled, rejected }: TrackedSpill): boolean {
  // Nobody may have tried yet to encode what cannot be.
  const isWritten = ([recordKey, text]: readonly [string, string]): boolean => {
    return !rejected.has(recordKey) && !text.endsWith('n');
  };
  return isSame(new Map([...memory].filter(isWritten)), new Map([...spilled].filter(isWritten)));
}
