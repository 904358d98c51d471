import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { replayIdOf } from '../../../src/core/local-files/replay-plan.js';
import { parseSpill } from '../../../src/core/local-files/spill-file.js';
import { parseHeadMeta } from '../../../src/core/ownership/head-meta.js';
import { localIdOf } from '../../../src/core/restore/rollback.js';
import { Acknowledged } from '../checks/acknowledged.js';
import { keptBy } from '../checks/kept.js';
import { checkReplays } from '../checks/replays.js';
import { checkSpills, type TrackedSpill } from '../checks/spills.js';
import { Ledger } from '../ledger.js';
import { type AppliedCommit, isIn, isUnfinished, rootOf } from './applied-commit.js';
import type { SimulatedBackend } from './backend.js';
import type { Litter } from './litter.js';
import { type LocalNote, notesIn } from './local-notes.js';

/** What local files say of an account. */
export interface LocalKnowledge {
  /** Heads of this account's backend. */
  readonly own: readonly { readonly note: LocalNote; readonly commit: AppliedCommit }[];
  /** Files that are of another backend. */
  readonly foreign: readonly LocalNote[];
}

/** One account of one backend, and what became of it so far. */
export class Account {
  readonly id: string;
  readonly backend: SimulatedBackend;
  readonly ledger = new Ledger();
  readonly spills: TrackedSpill[] = [];
  readonly acknowledged = new Acknowledged();
  readonly litter: Litter;
  /** The account of the same name in the other backend. */
  namesake: Account | undefined;
  /** A record was damaged. */
  isDamaged = false;

  /** @param litter what lies among the files of accounts of this name. */
  constructor(id: string, backend: SimulatedBackend, litter: Litter) {
    this.id = id;
    this.backend = backend;
    this.litter = litter;
  }

  /** The commits that were applied to it, in order. */
  get applied(): readonly AppliedCommit[] {
    return this.backend.applied.get(this.id) ?? [];
  }

  /** What is stored now; 0 when it was never written. */
  get revision(): number {
    return this.backend.head(this.id)?.revision ?? 0;
  }

  get stored(): AppliedCommit | undefined {
    return this.backend.stored(this.id);
  }

  get records(): ReadonlyMap<string, string> {
    return this.backend.records(this.id);
  }

  commitOf(writeId: string | undefined): AppliedCommit | undefined {
    return this.applied.findLast(({ head }) => head.writeId === writeId);
  }

  /** The spill files in these directories that are there now. */
  spillsIn(directories: readonly string[]): readonly TrackedSpill[] {
    return this.spills.filter(({ path }) => directories.includes(dirname(path)) && existsSync(path));
  }

  knownIn(directories: readonly string[]): LocalKnowledge {
    const own: { readonly note: LocalNote; readonly commit: AppliedCommit }[] = [];
    const foreign: LocalNote[] = [];
    for (const note of directories.flatMap((directory) => notesIn(directory))) {
      if (note.accountId !== this.id) continue;
      const commit = this.commitOf(note.head?.writeId);
      if (commit !== undefined) own.push({ note, commit });
      else if (note.head !== undefined) foreign.push(note);
    }
    return { own, foreign };
  }

  /** Says of which commits everything has to be in one that was just applied. */
  link(commit: AppliedCommit): void {
    const sender = this.ledger.senderOf(commit);
    if (sender === undefined) return;
    const { before, head } = commit;
    // Whoever goes on with what somebody else could not finish does it on behalf of the same word.
    const goesOn = sender.isClaim && !sender.usesWord && before !== undefined && isUnfinished(before.head);
    commit.keepsLocal = sender.keepsLocal || (goesOn && before.keepsLocal);
    if (commit.keepsLocal) {
      const kept = isUnfinished(head) ? undefined : keptBy(commit, this.knownSpills);
      const base = this.commitOf(kept === undefined ? undefined : parseSpill(kept.bytes).base?.writeId);
      // A file has the newest value of a record that was refused, and restore leaves it there.
      const { refused = [], unencodable = [] } = kept === undefined ? {} : parseSpill(kept.bytes);
      for (const recordKey of [...new Map(refused).keys(), ...unencodable]) this.acknowledged.forget(recordKey);
      const isPart = before?.keepsLocal === true && isUnfinished(before.head);
      commit.parents = [isPart ? before : undefined, base].filter((parent) => parent !== undefined);
    } else {
      const base = goesOn ? this.#baseOfRest(commit, before) : sender.base;
      if (!isUnfinished(head) && base !== undefined && !isIn(base, commit)) commit.parents = [...commit.parents, base];
    }
  }

  /** Whoever finishes what a store had begun to write above a rollback has all that this store was acknowledged. */
  #baseOfRest(commit: AppliedCommit, before: AppliedCommit): AppliedCommit | undefined {
    const kept = keptBy(commit, this.knownSpills);
    if (kept === undefined) return undefined;
    const spill = parseSpill(kept.bytes);
    const idOf = (each: AppliedCommit | undefined): string | undefined =>
      parseHeadMeta(each?.head.meta ?? '').unfinished?.id;
    // Somebody may have begun before to finish it, and have been stopped.
    const ids = [spill.unfinished, localIdOf(spill), replayIdOf(spill)];
    const isPart = (each: AppliedCommit): boolean => isUnfinished(each.head) && ids.includes(idOf(each));
    let first: AppliedCommit | undefined = before;
    while (first?.head.writerId === commit.head.writerId) first = first.before;
    if (first === undefined || !isPart(first)) return undefined;
    while (first.before !== undefined && isPart(first.before)) first = first.before;
    if (idOf(first) !== spill.unfinished) return undefined;
    return this.ledger.senderOf(first)?.base;
  }

  /** All spills of accounts of its name. */
  get knownSpills(): readonly TrackedSpill[] {
    return [...this.spills, ...(this.namesake?.spills ?? [])];
  }

  /** What holds at every moment. */
  check(): void {
    checkSpills(this.spills, [...this.applied, ...(this.namesake?.applied ?? [])]);
  }

  /** What holds of the whole history, once it is over. */
  checkHistory(): void {
    this.litter.requireKept();
    checkReplays(this.applied, this.spills);
    this.acknowledged.check(this.stored);
  }

  /** Whether two commits belong to one history, however much of it the backend has lost. */
  areRelated(one: AppliedCommit, other: AppliedCommit): boolean {
    const [first, second] = [one, other].map(({ head }) => parseHeadMeta(head.meta).lineage);
    return first === second || rootOf(one) === rootOf(other);
  }
}
