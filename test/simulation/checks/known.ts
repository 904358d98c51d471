import { dirname } from 'node:path';
import { parseSpill } from '../../../src/core/spill/spill-file.js';
import type { AppliedCommit } from '../backend.js';
import { must } from '../violation.js';
import type { TrackedSpill } from './spills.js';

/** What a spill file says that the backend has acknowledged: nobody claims less unasked, and no revision of it comes again. */
export function checkKnown(
  claim: AppliedCommit,
  applied: readonly AppliedCommit[],
  start: {
    readonly spills: readonly TrackedSpill[];
    readonly directory: string | undefined;
    readonly acceptRollback: boolean;
  },
): void {
  const known = start.spills.filter(({ path }) => dirname(path) === start.directory);
  const replaced = applied[applied.indexOf(claim) - 1]?.head.revision ?? 0;
  for (const { path, bytes } of known) {
    const acknowledged = parseSpill(bytes).base?.revision ?? 0;
    must(replaced >= acknowledged || start.acceptRollback, 'a rollback is found out by a spill', () => path);
    must(claim.head.revision > acknowledged, 'no revision is used again that a spill knows', () => path);
  }
}
