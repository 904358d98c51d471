import { type AppliedCommit, DAMAGED_RECORD, DAMAGED_TEXT } from '../backend.js';
import { must } from '../violation.js';

/**
 * Who has found a damaged record, and writes over it, keeps its bytes.
 *
 * @param damagedAt how many commits had been applied when the record was damaged.
 */
export function checkQuarantined(applied: readonly AppliedCommit[], damagedAt: number): void {
  const claimsSince = new Set<string>();
  for (const [index, { after, batch, head }] of applied.entries()) {
    if (index < damagedAt) continue;
    const isClaim = applied[index - 1]?.head.writerId !== head.writerId;
    const touches = batch.upserts.has(DAMAGED_RECORD) || batch.deletes.has(DAMAGED_RECORD);
    if (isClaim && !touches) claimsSince.add(head.writerId);
    if (!touches) continue;
    const isKept = [...after].some(([key, text]) => key.startsWith('quarantine/') && text.includes(DAMAGED_TEXT));
    const hasSeen = claimsSince.has(head.writerId);
    must(!hasSeen || isKept, 'a damaged record is kept when it is written over', () => head.writeId);
    return;
  }
}
