import type { AppliedCommit, CommitMessage, SimulatedBackend } from './backend.js';
import { must } from './violation.js';

/** What a store's memory has held under each record key, one after the other; `undefined`: nothing. */
export class Versions {
  readonly #texts = new Map<string, (string | undefined)[]>();
  /** Up to which version each record was committed. */
  readonly #committed = new Map<string, number>();

  constructor(records: ReadonlyMap<string, string>) {
    for (const [recordKey, text] of records) this.#texts.set(recordKey, [text]);
  }

  now(): Map<string, string> {
    const texts = [...this.#texts].map(([recordKey, versions]) => [recordKey, versions.at(-1)] as const);
    return new Map(texts.filter((entry): entry is readonly [string, string] => entry[1] !== undefined));
  }

  changed(recordKey: string, text: string | undefined): void {
    const versions = this.#texts.get(recordKey) ?? [undefined];
    versions.push(text);
    this.#texts.set(recordKey, versions);
  }

  undo(recordKey: string): void {
    this.#texts.get(recordKey)?.pop();
  }

  /** The number of the newest version of each record. */
  mark(): ReadonlyMap<string, number> {
    return new Map([...this.#texts].map(([recordKey, versions]) => [recordKey, versions.length - 1]));
  }

  /** Whether a text is one of the versions from this one on. */
  isAtLeast(recordKey: string, text: string | undefined, from: number): boolean {
    return (this.#texts.get(recordKey) ?? [undefined]).slice(from).includes(text);
  }

  /** Takes note of a commit; `false` when what it writes is older than what was committed before, or was never there. */
  commit(recordKey: string, text: string | undefined): boolean {
    const versions = this.#texts.get(recordKey) ?? [undefined];
    const from = this.#committed.get(recordKey) ?? 0;
    const index = versions.indexOf(text, from);
    if (index === -1) return false;
    this.#committed.set(recordKey, index);
    return true;
  }
}

/** Follows everything that is sent and applied, and checks what holds at every moment. */
export class Ledger {
  readonly #backend: SimulatedBackend;
  readonly #bytes = new Map<string, string>();
  readonly #fenced = new Set<string>();
  /** The memory of the stores that write, by writer. Claims are checked by those who restore. */
  readonly #versions = new Map<string, Versions>();
  readonly #checked = new Map<string, number>();
  readonly #revisions = new Map<string, string>();
  readonly #claimed = new Set<string>();
  #mayReuse = false;

  constructor(backend: SimulatedBackend) {
    this.#backend = backend;
  }

  /** Another history begins: the backend was rolled back. Writers may come again that had been before. */
  rolledBack(): void {
    this.#mayReuse = true;
  }

  writes(writerId: string, versions: Versions): void {
    this.#versions.set(writerId, versions);
  }

  fenced(writerId: string): void {
    this.#fenced.add(writerId);
  }

  sent({ accountId, batch, options }: CommitMessage): void {
    const { writerId, writeId } = options;
    must(!this.#fenced.has(writerId), 'a fenced writer never writes', () => `${writerId} has sent ${writeId}`);
    const bytes = JSON.stringify([accountId, [...batch.upserts], [...batch.deletes]]);
    const before = this.#bytes.get(writeId) ?? bytes;
    this.#bytes.set(writeId, bytes);
    must(before === bytes, 'a writeId is bound to its bytes', () => `${writeId}: ${before}, then ${bytes}`);
  }

  /** Checks the commits that were applied since the last time. */
  check(accountId: string): void {
    const applied = this.#backend.applied.get(accountId) ?? [];
    for (let index = this.#checked.get(accountId) ?? 0; index < applied.length; index += 1) {
      const commit = applied[index];
      if (commit !== undefined) this.#checkOne(accountId, commit, applied.slice(0, index));
    }
    this.#checked.set(accountId, applied.length);
  }

  #checkOne(accountId: string, { head, batch, after }: AppliedCommit, before: readonly AppliedCommit[]): void {
    const { revision, writeId, writerId } = head;
    const last = before.at(-1);
    const other = this.#revisions.get(`${accountId} ${revision}`) ?? writeId;
    this.#revisions.set(`${accountId} ${revision}`, writeId);
    if (!this.#mayReuse) {
      must(other === writeId, 'no revision is used twice', () => `${revision}: ${other}, ${writeId}`);
      const grows = last === undefined || revision > last.head.revision;
      must(grows, 'revisions only grow', () => `${last?.head.revision}, then ${revision}`);
    }
    const isNew = last?.head.writerId !== writerId;
    // A rollback brings back who was fenced by what it lost.
    const wasBefore = isNew && !this.#mayReuse && before.some((each) => each.head.writerId === writerId);
    must(!wasBefore, 'a fenced writer never writes', () => `${writerId} wrote ${writeId} after ${last?.head.writerId}`);
    must(
      after.get('metadata/T1') === after.get('metadata/T2'),
      'a batch is stored wholly or not at all',
      () => writeId,
    );
    const isClaim = isNew && !this.#claimed.has(writerId);
    this.#claimed.add(writerId);
    if (!isClaim) this.#checkValues(head.writerId, batch);
  }

  #checkValues(writerId: string, { upserts, deletes }: AppliedCommit['batch']): void {
    const versions = this.#versions.get(writerId);
    if (versions === undefined) return;
    const changes = [...upserts, ...[...deletes].map((recordKey) => [recordKey, undefined] as const)];
    for (const [recordKey, text] of changes) {
      if (!recordKey.startsWith('metadata/')) continue;
      const isNewer = versions.commit(recordKey, text === undefined ? undefined : payloadOf(text));
      must(isNewer, 'nothing older is written over something newer', () => `${writerId}: ${recordKey} = ${text}`);
    }
  }
}

/** The value in the text of a record. */
export function payloadOf(text: string): string {
  return text.slice(text.indexOf(';', text.indexOf(';') + 1) + 1);
}
