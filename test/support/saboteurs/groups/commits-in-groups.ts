import type { AccountHead, CommitBatch, CommitOptions } from '../../../../src/core/persistence-driver.js';
import { copyOf } from '../copy-of.js';
import { WrappedDriver } from '../wrapped-driver.js';

/** A commit that is sent together with others. */
export interface GroupedCommit {
  readonly accountId: string;
  readonly batch: CommitBatch;
  readonly options: CommitOptions;
}

interface Waiting extends GroupedCommit {
  answer(answer: Promise<AccountHead>): void;
}

/** Fewer commits than this go by themselves, so that the fault shows with many accounts alone. */
const SMALLEST_GROUP = 60;

/** Sends what arrives in one turn of the event loop as a group. A saboteur breaks how it does that. */
export abstract class CommitsInGroups extends WrappedDriver {
  #waiting: Waiting[] = [];

  override commit(accountId: string, batch: CommitBatch, options: CommitOptions): Promise<AccountHead> {
    return new Promise((answer) => {
      if (this.#waiting.length === 0) setImmediate(() => this.#send());
      this.#waiting.push({ accountId, batch: copyOf(batch), options, answer });
    });
  }

  /** The answers, in the order of the group. */
  protected abstract sendGroup(group: readonly GroupedCommit[]): readonly Promise<AccountHead>[];

  /** Sends a commit by itself. */
  protected sendOne({ accountId, batch, options }: GroupedCommit): Promise<AccountHead> {
    return super.commit(accountId, batch, options);
  }

  #send(): void {
    const group = this.#waiting;
    this.#waiting = [];
    const isGroup = group.length >= SMALLEST_GROUP;
    const answers = isGroup ? this.sendGroup(group) : group.map((commit) => this.sendOne(commit));
    for (const [index, { answer }] of group.entries()) {
      const settled = answers[index];
      if (settled !== undefined) answer(settled);
    }
  }
}

/** The head that a commit leaves if all goes well. */
export function headAfter({ options }: GroupedCommit): AccountHead {
  const { expected, writerId, writeId, meta = '', revisionFloor = 0 } = options;
  return { revision: Math.max(expected?.revision ?? 0, revisionFloor) + 1, writerId, writeId, meta, dropped: false };
}
