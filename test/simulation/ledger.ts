import { parseRecord } from '../../src/core/codec/record-text.js';
import { must } from './violation.js';
import { type AppliedCommit, isUnfinished, rootOf } from './world/applied-commit.js';
import { type CommitMessage, DAMAGED_RECORD, DAMAGED_TEXT } from './world/backend.js';
import type { Versions } from './world/versions.js';

/** What the sender of a commit was told of, when it was sent for the first time. */
export interface Sender {
  /** A store that is being restored: what it writes takes the account over. */
  readonly isClaim: boolean;
  /** The last commit of this store that was acknowledged. */
  readonly base: AppliedCommit | undefined;
  /** The commits that it, its driver or its files know of. */
  readonly known: readonly AppliedCommit[];
  /** Its operator said what to keep. */
  readonly usesWord: boolean;
  /** Its operator said that the local file is to be kept, whatever is stored. */
  readonly keepsLocal: boolean;
  /** Records that were refused. */
  readonly refused: ReadonlySet<string>;
  /** It has found a damaged record, and holds its bytes. */
  readonly holdsDamaged: boolean;
}

/** Follows everything that is sent and applied to one account, and checks what holds at every moment. */
export class Ledger {
  readonly #bytes = new Map<string, string>();
  readonly #senders = new Map<string, Sender>();
  readonly #fenced = new Set<string>();
  /** The memory of the stores that write, by writer. Claims are checked by those who restore. */
  readonly #versions = new Map<string, Versions>();
  /** Up to which version each record is in a commit. */
  readonly #written = new WeakMap<AppliedCommit, ReadonlyMap<string, number>>();
  readonly #revisions = new Map<number, string>();
  #checked = 0;

  writes(writerId: string, versions: Versions): void {
    this.#versions.set(writerId, versions);
  }

  fenced(writerId: string): void {
    this.#fenced.add(writerId);
  }

  sent({ accountId, batch, options }: CommitMessage, sender: Sender): void {
    const { writerId, writeId } = options;
    must(!this.#fenced.has(writerId), 'a fenced writer never writes', () => `${writerId} has sent ${writeId}`);
    const bytes = JSON.stringify([accountId, [...batch.upserts], [...batch.deletes]]);
    const before = this.#bytes.get(writeId) ?? bytes;
    this.#bytes.set(writeId, bytes);
    must(before === bytes, 'a writeId is bound to its bytes', () => `${writeId}: ${before}, then ${bytes}`);
    if (!this.#senders.has(writeId)) this.#senders.set(writeId, sender);
  }

  /** Who sent a commit. */
  senderOf({ head }: AppliedCommit): Sender | undefined {
    return this.#senders.get(head.writeId);
  }

  /** Checks the commits that were applied since the last time. */
  check(applied: readonly AppliedCommit[], wasRolledBack: boolean): void {
    for (; this.#checked < applied.length; this.#checked += 1) {
      const commit = applied[this.#checked];
      if (commit !== undefined) this.#checkOne(commit, applied.slice(0, this.#checked), wasRolledBack);
    }
  }

  #checkOne(commit: AppliedCommit, earlier: readonly AppliedCommit[], wasRolledBack: boolean): void {
    const { revision, writeId, writerId } = commit.head;
    const sender = this.senderOf(commit);
    const known = sender?.known.find((each) => each.head.revision >= revision && rootOf(each) === rootOf(commit));
    must(known === undefined, 'no revision is used again that is known', () => `${revision}: ${writeId}`);
    if (!wasRolledBack) {
      const other = this.#revisions.get(revision) ?? writeId;
      this.#revisions.set(revision, writeId);
      must(other === writeId, 'no revision is used twice', () => `${revision}: ${other}, ${writeId}`);
      const last = commit.before?.head;
      const cameBack = last?.writerId !== writerId && earlier.some(({ head }) => head.writerId === writerId);
      must(!cameBack, 'a fenced writer never writes', () => `${writerId} wrote ${writeId} after ${last?.writerId}`);
    }
    if (isUnfinished(commit.head) || this.#written.has(commit)) return;
    if (sender?.isClaim === true) this.#written.set(commit, new Map());
    else this.#checkWritten(commit, sender);
  }

  /** What a store leaves in the backend is what it has in memory, as far as that was to be written. */
  #checkWritten(commit: AppliedCommit, sender: Sender | undefined): void {
    const { after, before, head } = commit;
    const versions = this.#versions.get(head.writerId);
    if (versions === undefined) return;
    const torn = versions.torn(payloadsIn(after));
    must(torn === undefined, 'a transaction is stored wholly or not at all', () => `${head.writeId}: ${torn}`);
    const isOwn = before?.head.writerId === head.writerId;
    const bases = [isOwn ? before : undefined, sender?.base].map((base) => base && this.#written.get(base));
    const written = new Map<string, number>();
    const keys = [...versions.keys(), ...after.keys()].filter((key) => key.startsWith('metadata/'));
    for (const recordKey of new Set(keys)) {
      if (recordKey === DAMAGED_RECORD || sender?.refused.has(recordKey) === true) continue;
      const from = Math.max(...bases.map((base) => base?.get(recordKey) ?? 0));
      const text = after.get(recordKey);
      const index = versions.indexOf(recordKey, text === undefined ? undefined : payloadOf(text), from);
      must(index !== -1, 'nothing older is stored than was before', () => `${head.writeId}: ${recordKey} = ${text}`);
      written.set(recordKey, index);
    }
    this.#written.set(commit, written);
    // What the backend lost, and does not take again, is in memory alone.
    const isRefused = sender?.refused.has(DAMAGED_RECORD) === true && !after.has(DAMAGED_RECORD);
    const isKept = sender?.holdsDamaged !== true || isRefused || holdsDamaged(after);
    must(isKept, 'the bytes of a damaged record are kept', () => head.writeId);
  }
}

/** Whether the bytes of the damaged record are there, in their place or elsewhere. */
export function holdsDamaged(records: ReadonlyMap<string, string>): boolean {
  return [...records.values()].some((text) => text.includes(DAMAGED_TEXT));
}

/** The value in the text of a record; of the damaged one and its copies, the text. */
export function payloadOf(text: string): string {
  return text.startsWith('{"v":') ? parseRecord(text).payload : text;
}

function payloadsIn(records: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  return new Map([...records].map(([recordKey, text]) => [recordKey, payloadOf(text)]));
}
