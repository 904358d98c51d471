import { existsSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { isAccountKeeperError } from '../../src/core/errors.js';
import { parseSpill } from '../../src/core/local-files/spill-file.js';
import { parseHeadMeta } from '../../src/core/ownership/head-meta.js';
import type { RestoreResult } from '../../src/core/restore/restore-options.js';
import { AccountStateStore } from '../../src/core/store/account-state-store.js';
import type { StoreEventMap } from '../../src/core/store/store-events.js';
import type { Bot } from './bot.js';
import { checkConflicts } from './checks/conflicts.js';
import { checkFenced } from './checks/fenced.js';
import { checkKept } from './checks/kept.js';
import { checkHalf, checkKnown, knownCommits, knowsMore } from './checks/known.js';
import { checkNotRestored } from './checks/not-restored.js';
import { checkSpilled, holds, type TrackedSpill } from './checks/spills.js';
import { payloadOf } from './ledger.js';
import { isNamed, type RestoreStart } from './restore-start.js';
import { must } from './violation.js';
import type { Account, LocalKnowledge } from './world/account.js';
import { type AppliedCommit, isIn, isUnfinished } from './world/applied-commit.js';
import { type CommitMessage, DAMAGED_RECORD } from './world/backend.js';
import type { Host } from './world/host.js';
import { codeOf, isSame, type Meta, memoryOf, payloadsOf, shown } from './world/memory.js';
import type { SimulatedProcess } from './world/time.js';
import { Versions } from './world/versions.js';
import type { World } from './world.js';

/** One store of a bot, all that it has held, and what it says, checked against what the backend has applied. */
export class Session {
  readonly store: AccountStateStore<Meta>;
  readonly rejected = new Set<string>();
  /** All that were ever refused. */
  readonly refused = new Set<string>();
  /** Records that may be refused: no backend or codec could take them, or what they were changed with. */
  readonly unwritable = new Set<string>();
  versions = new Versions(new Map());
  phase: 'restoring' | 'open' | 'closing' | 'closed' = 'restoring';
  readonly #world: World;
  readonly #bot: Bot;
  readonly #account: Account;
  readonly #process: SimulatedProcess;
  readonly #start: RestoreStart;
  #writerId: string | undefined;
  /** Its claim was acknowledged. */
  #isOwner = false;
  #usesWord = false;
  /** What local files said when the account was claimed: others write some, too. */
  #claimedWith: LocalKnowledge = { own: [], foreign: [] };
  #foreignCommits: number | undefined;
  #holdsDamaged = false;
  #revision = 0;
  #base: AppliedCommit | undefined;
  /** The newest part of something that takes several commits, as long as the last is not acknowledged. */
  #part: AppliedCommit | undefined;

  constructor(world: World, bot: Bot, { driver, process }: Host, start: RestoreStart) {
    const { account, options } = bot;
    const { highWaterDirectory, ownership, quarantines, spillDirectory } = options;
    this.#world = world;
    this.#bot = bot;
    this.#account = account;
    this.#process = process;
    this.#start = start;
    this.store = new AccountStateStore<Meta>({
      accountId: account.id,
      driver,
      clock: process.clock,
      random: () => world.random.next(),
      createId: () => world.createId(process.name),
      flush: world.flush,
      ownership: ownership === 'wait' ? { mode: 'wait', leaseMs: 3_000 } : ownership,
      onRejected: quarantines ? 'quarantine' : 'throw',
      ...(spillDirectory === undefined ? {} : { spill: { directory: spillDirectory } }),
      ...(highWaterDirectory === undefined ? {} : { highWater: { directory: highWaterDirectory } }),
    });
    this.#listen();
    this.#requireNotRestored();
  }

  /** The newest revision that the store was told of. */
  get revision(): number {
    return this.#revision;
  }

  /** The last of its commits that was acknowledged. */
  get base(): AppliedCommit | undefined {
    return this.#base;
  }

  /** The last commit of this store has to be followed by more: it stands for nothing yet. */
  get isInParts(): boolean {
    const last = this.#account.applied.findLast(({ head }) => head.writerId === this.#writerId);
    return last !== undefined && isUnfinished(last.head);
  }

  get isFenced(): boolean {
    return this.store.persistenceStatus().state === 'fenced';
  }

  get isRolledBack(): boolean {
    return this.store.persistenceStatus().lastError?.code === 'ROLLED_BACK';
  }

  sent(message: CommitMessage): void {
    const { ledger } = this.#account;
    const { batch, options } = message;
    // Each attempt to take the account over has a writer of its own.
    if (this.#writerId !== options.writerId) this.#usesWord = false;
    this.#writerId = options.writerId;
    const { known, word } = this.#start;
    const isClaim = !this.#isOwner;
    if (isClaim) {
      this.#claimedWith = this.#bot.known().local;
      this.#foreignCommits = this.#account.namesake?.applied.length;
    }
    if (isClaim && word !== undefined && isNamed(word, options.expected))
      this.#usesWord ||= this.#needsWord(options.meta ?? '');
    ledger.sent(message, {
      isClaim,
      base: this.#base,
      known: [...knownCommits({ ...known, local: this.#claimedWith }), this.#base].filter((each) => each !== undefined),
      refused: this.refused,
      usesWord: isClaim && this.#usesWord,
      keepsLocal: isClaim && this.#usesWord && word?.keep === 'local',
      holdsDamaged: this.#holdsDamaged,
    });
    const recordKeys = [...batch.upserts.keys(), ...[...batch.deletes].map((key) => `-${key}`)];
    const floor = (options.revisionFloor ?? 0) > 0 ? `, above ${options.revisionFloor}` : '';
    this.tell(`sends ${options.writeId} on ${options.expected?.writeId}${floor}: ${recordKeys.join(' ')}`);
  }

  restored({ quarantined, status, revision, spills }: RestoreResult): void {
    const { applied, litter } = this.#account;
    const start = this.#start;
    const counts = `replayed ${spills?.replayed.length ?? 0}, conflicting ${spills?.conflicting.length ?? 0}`;
    this.tell(`restored revision ${revision}, ${counts}`);
    this.phase = 'open';
    const memory = memoryOf(this.store);
    this.versions = new Versions(memory);
    this.#holdsDamaged = quarantined.some(({ recordKey }) => recordKey === DAMAGED_RECORD);
    if (quarantined.length > 0) this.#world.reach('quarantine');
    if (this.#bot.isReader) return;
    if (spills !== undefined) litter.check(start.litter, spills);
    const claim = applied.findLast(({ head }) => head.revision === revision && head.writerId === this.#writerId);
    must(claim !== undefined, 'restore claims the account', () => `${this.#process.name}, revision ${revision}`);
    this.#owns(claim);
    this.#account.ledger.writes(claim.head.writerId, this.versions);
    this.#requireSame('restore shows what the backend holds', payloadsOf(claim.after));
    const isEmpty = payloadsOf(claim.after).size === 0;
    must(status === 'restored' || isEmpty, 'an account with records is never empty', () => status);
    must(!isUnfinished(claim.head), 'what is unfinished is never an account', () => claim.head.writeId);
    if (!this.#usesWord) checkHalf(claim, this.#account.knownSpills);
    if (this.#usesWord) checkKept(this.#account, claim, start, memory);
    else if (!claim.keepsLocal) checkKnown(this.#account, claim, start.known, this.#claimedWith);
    if (spills !== undefined && !this.#usesWord) checkConflicts(spills, claim, start.spills);
    const isAlone = this.#account.namesake?.applied.length === this.#foreignCommits;
    for (const { kind, path } of this.#usesWord || !isAlone ? [] : this.#claimedWith.foreign) {
      must(kind !== 'spill' || existsSync(path), 'what is of another backend is never touched', () => path);
    }
    this.#checkReplayed(memory, claim, spills?.replayed ?? []);
    this.#reachRestored(start, spills?.replayed.length ?? 0);
  }

  notRestored(error: unknown): void {
    const code = codeOf(error);
    this.tell(`restore: ${code}`);
    if (this.phase === 'restoring') this.phase = 'closed';
    if (code !== 'CORRUPT' && code !== 'ROLLED_BACK') return;
    if (code === 'CORRUPT') this.#world.reach('corrupt');
    const head = isAccountKeeperError(error) ? error.head : undefined;
    checkNotRestored(this.#account, this.#start, {
      code,
      head,
      writerId: this.#writerId,
      rollbacks: this.#world.rollbacks,
      process: this.#process.name,
      isTorn: [...this.#world.spoilt.torn].some((path) => this.#bot.directories.includes(dirname(path))),
      known: this.#bot.known(),
    });
  }

  /** @param mark what had been changed when the flush began. */
  flushed(mark: ReadonlyMap<string, number>): void {
    if (this.#writerId === undefined) return;
    this.tell(this.isInParts ? 'flushed a part' : 'flushed');
    if (this.isInParts) return;
    const stored = this.#lastState();
    for (const [recordKey, from] of mark) {
      if (this.rejected.has(recordKey) || recordKey === DAMAGED_RECORD) continue;
      const text = stored.get(recordKey);
      const isThere = this.versions.isAtLeast(recordKey, text === undefined ? undefined : payloadOf(text), from);
      must(isThere, 'what was acknowledged is stored', () => `${this.#process.name}: ${recordKey} = ${text}`);
    }
  }

  /** A store that closed without an error has saved all that it held. */
  requireSaved(): void {
    if (!this.#isOwner) return;
    this.#requireSame('a store that closes well has saved everything', payloadsOf(this.#lastState()));
  }

  /** With nothing pending, and nobody else there, memory and backend are the same. */
  requireStored(): void {
    const { stored } = this.#account;
    if (stored?.head.writerId !== this.#writerId || !isIn(this.#base, stored)) return;
    this.#requireSame('with nothing pending, memory is stored', payloadsOf(this.#account.records));
  }

  /** What a reader shows is what was stored at one instant. */
  requireRead(revision: number): void {
    const { applied } = this.#account;
    const held = applied.filter(({ head }) => head.revision === revision);
    if (held.length === 0) return;
    const memory = memoryOf(this.store);
    const isOne = held.some(({ after, head }) => !isUnfinished(head) && isSame(memory, payloadsOf(after)));
    must(isOne, 'a read is one instant', () => `${this.#process.name}: ${shown(memory)} at ${revision}`);
  }

  tell(line: string): void {
    this.#world.tell(`${this.#process.name} ${line}`);
  }

  #listen(): void {
    const { store } = this;
    store.on('restored', ({ revision }) => {
      this.#isOwner = true;
      this.#revision = revision;
    });
    store.on('flushed', ({ revision }) => {
      this.#revision = revision;
      const { applied } = this.#account;
      const own = applied.findLast(({ head }) => head.revision === revision && head.writerId === this.#writerId);
      if (own !== undefined && isUnfinished(own.head)) this.#part = own;
      else if (own !== undefined) this.#owns(own);
    });
    store.on('record-rejected', ({ recordKey, error }) => {
      this.tell(`record-rejected ${recordKey}: ${error.code}`);
      this.rejected.add(recordKey);
      this.refused.add(recordKey);
      this.versions.refused(recordKey);
      // The backend has lost what it had of it before, and does not take it again.
      if (!isIn(this.#base, this.#account.stored)) this.#account.acknowledged.forget(recordKey);
      this.#world.guard(this.#process, () => {
        const isRight = this.unwritable.has(recordKey);
        must(isRight, 'only what cannot be written is refused', () => `${this.#process.name}: ${recordKey}`);
      });
    });
    store.on('spilled', ({ file: path }) => {
      this.tell(`spilled ${path}`);
      this.#world.reach('spill');
      const { rejected, unwritable, versions } = this;
      const spill: TrackedSpill = {
        path,
        bytes: readFileSync(path),
        memory: versions.now(),
        rejected: new Set([...rejected, ...unwritable]),
        versions,
        holdsDamaged: this.#holdsDamaged,
        isRemoved: false,
      };
      this.#account.spills.push(spill);
      this.#world.guard(this.#process, () => checkSpilled(spill));
    });
    store.on('fenced', (event) => this.#fenced(event));
  }

  #fenced(event: StoreEventMap['fenced'][0]): void {
    const world = this.#world;
    const account = this.#account;
    const writerId = this.#writerId;
    this.tell(`is fenced, ${event.outcome}: ${[...event.unacknowledged.keys()].join(' ')}`);
    world.reach('fenced');
    if (writerId === undefined) return;
    account.ledger.fenced(writerId);
    const memory = memoryOf(this.store);
    world.guard(this.#process, () => {
      must(!world.isCalm, 'who waits takes nothing from an owner that lives', () => this.#process.name);
      if (!this.#isOwner) return;
      const rival = account.commitOf(event.by?.writeId);
      const newest = this.#part ?? this.#base;
      const isCutOff = !isIn(newest, rival);
      // Whose place a part of something takes is known once the rest is there.
      const isPart = rival !== undefined && isUnfinished(rival.head);
      must(isPart || event.rolledBack === isCutOff, 'a branch that was grown over is recognised', () => {
        return `${this.#process.name}: ${event.rolledBack} at ${newest?.head.writeId}, by ${rival?.head.writeId}`;
      });
      if (isCutOff) world.reach('grown over');
      if (!world.wasRolledBack) checkFenced(event, writerId, memory, account.applied, this.#revision);
    });
  }

  /** Something is known that is missing in what is stored, or what is stored is the half of something. */
  /** When somebody has removed a file meanwhile, it may have been read or not: then only what was written tells. */
  #needsWord(meta: string): boolean {
    const { knownSpills, stored } = this.#account;
    if (stored !== undefined && isUnfinished(stored.head)) return true;
    const [before, now] = [this.#start.known, this.#bot.known()].map((known) =>
      knowsMore(known, stored, this.#account),
    );
    if (before === now || this.#start.word?.keep === 'backend') return before === true || now === true;
    const { replayed, unfinished } = parseHeadMeta(meta);
    return knownSpills.some(({ bytes }) =>
      [...replayed, unfinished?.id].some((id) => id?.endsWith(parseSpill(bytes).id)),
    );
  }

  /** A commit of this store was acknowledged. */
  #owns(commit: AppliedCommit): void {
    this.#base = commit;
    this.#part = undefined;
    this.#bot.acknowledged = commit;
  }

  #requireNotRestored(): void {
    try {
      this.store.setSymbolMetadata('A', { n: -1 });
    } catch (error) {
      if (codeOf(error) === 'NOT_RESTORED') return;
    }
    must(false, 'nothing is changed before restore', () => this.#process.name);
  }

  #checkReplayed(memory: ReadonlyMap<string, string>, claim: AppliedCommit, replayed: readonly string[]): void {
    const last = this.#account.knownSpills.find(({ path }) => path === replayed.at(-1));
    // Unless an earlier request of the same claim has landed, and somebody has gone on from there.
    if (last === undefined || claim.batch.upserts.size + claim.batch.deletes.size === 0) return;
    must(holds(memory, last), 'what was spilled comes back', () => `${shown(memory)}, spilled ${shown(last.memory)}`);
  }

  #reachRestored({ commits, known, word }: RestoreStart, replayed: number): void {
    const world = this.#world;
    if (replayed > 0) world.reach('replay');
    if (known.local.own.some(({ note }) => note.kind === 'high-water')) world.reach('high-water');
    if (known.local.foreign.length > 0) world.reach('foreign file');
    const rivals = this.#account.applied.slice(commits).filter(({ head }) => head.writerId !== this.#writerId);
    if (rivals.length > 0) world.reach('contested');
    if (this.#usesWord && word !== undefined) world.reach(word.keep === 'local' ? 'word: local' : 'word: backend');
    else if (world.reached.has('word: local') || world.reached.has('word: backend'))
      world.reach('restart after a word');
  }

  #lastState(): ReadonlyMap<string, string> {
    return this.#base?.after ?? new Map();
  }

  #requireSame(invariant: string, stored: ReadonlyMap<string, string>): void {
    const memory = memoryOf(this.store);
    must(isSame(memory, stored), invariant, () => `${this.#process.name}: ${shown(memory)}, stored ${shown(stored)}`);
  }
}
