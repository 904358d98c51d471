import { Slice, type Steps } from '../../core/shared/slices.js';
import { SEPARATOR } from '../base/envelope.js';
import type { AccountSwap } from '../base/group-commit.js';

/** The parameters of a statement for these changes. */
export interface SwapValues {
  readonly values: readonly string[];
  /** Whether there is anything to delete; the last two of the values are for that. */
  readonly isDeleting: boolean;
}

/** Keys and envelopes go as they are, many of them in one text: in an array, each of them would be escaped. */
export function* swapValues(swaps: readonly AccountSwap[]): Steps<SwapValues> {
  const keys: string[] = [];
  const texts: string[] = [];
  const owners: string[] = [];
  const doomed: string[] = [];
  const doomedOwners: string[] = [];
  const slice = new Slice();
  for (const [index, { account, change }] of swaps.entries()) {
    const owner = String(index + 1);
    for (const [key, text] of change.upserts) {
      keys.push(account.recordPrefix + key);
      texts.push(text);
      owners.push(owner);
      if (slice.isOver(text.length)) yield;
    }
    for (const key of change.deletes) {
      doomed.push(account.recordPrefix + key);
      doomedOwners.push(owner);
    }
  }
  const lists = [
    swaps.map(({ account }) => account.head),
    swaps.map(({ change }) => change.expected ?? ''),
    swaps.map(({ change }) => change.next),
    swaps.map(({ change }) => change.upserts.size),
    keys,
    texts,
    owners,
  ];
  const isDeleting = doomed.length > 0;
  if (isDeleting) lists.push(doomed, doomedOwners);
  return { values: lists.map((list) => list.join(SEPARATOR)), isDeleting };
}
