import type { AccountHead } from '../../src/core/persistence-driver.js';
import type { Known } from './checks/known.js';
import type { TrackedSpill } from './checks/spills.js';

/** What an operator says once a restore was rejected: which head is stored, and what to keep. */
export interface Word {
  readonly keep: 'backend' | 'local';
  readonly revision: number;
  readonly writeId: string;
}

/** What was there when a restore began, and how it was called. */
export interface RestoreStart {
  /** How many commits had been applied, and how often the backend was replaced. */
  readonly commits: number;
  readonly rollbacks: number;
  readonly litter: readonly string[];
  readonly spills: readonly TrackedSpill[];
  readonly known: Known;
  readonly word: Word | undefined;
  readonly minRevision: number;
}

/** How a head is named in a word. */
export function nameOf(head: Pick<AccountHead, 'revision' | 'writeId'> | undefined): Omit<Word, 'keep'> {
  return { revision: head?.revision ?? 0, writeId: head?.writeId ?? '' };
}

/** Whether a word names this head. */
export function isNamed(word: Word, head: Pick<AccountHead, 'revision' | 'writeId'> | undefined): boolean {
  const { revision, writeId } = nameOf(head);
  return word.revision === revision && word.writeId === writeId;
}
