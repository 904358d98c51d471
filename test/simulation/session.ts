import { existsSync, readFileSync } from 'node:fs';
import type { RestoreResult } from '../../src/core/restore/restore-options.js';
import { parseSpill } from '../../src/core/spill/spill-file.js';
import { AccountStateStore } from '../../src/core/store/account-state-store.js';
import type { StoreEventMap } from '../../src/core/store/store-events.js';
import type { Account } from './account.js';
import { type AppliedCommit, type CommitMessage, DAMAGED_RECORD } from './backend.js';
import type { BotOptions } from './bot.js';
import { checkConflicts } from './checks/conflicts.js';
import { checkFenced } from './checks/fenced.js';
import { checkKnown } from './checks/known.js';
import { holds, type TrackedSpill } from './checks/spills.js';
import type { Host } from './host.js';
import { payloadOf, Versions } from './ledger.js';
import { codeOf, isSame, type Meta, memoryOf, payloadsOf, shown } from './memory.js';
import type { SimulatedProcess } from './time.js';
import { must } from './violation.js';
import type { World } from './world.js';

/** What was there when a restore began. */
export interface RestoreStart {
  /** How many commits had been applied, and how many spills written. */
  readonly commits: number;
  readonly spilled: number;
  readonly wasRolledBack: boolean;
  readonly spills: readonly TrackedSpill[];
  readonly litter: readonly string[];
  /** Where the bot's spills are. */
  readonly directory: string | undefined;
  readonly acceptRollback: boolean;
  /** The newest revision that its driver has seen, or that it was called with. */
  readonly known: number;
}

/** One store of a bot, all that it has held, and what it says, checked against what the backend has applied. */
export class Session {
  readonly store: AccountStateStore<Meta>;
  readonly rejected = new Set<string>();
  versions = new Versions(new Map());
  phase: 'restoring' | 'open' | 'closing' | 'closed' = 'restoring';
  readonly #world: World;
  readonly #account: Account;
  readonly #process: SimulatedProcess;
  readonly #isReader: boolean;
  #writerId: string | undefined;
  /** Its claim was acknowledged. */
  #isOwner = false;
  #revision = 0;

  constructor(world: World, account: Account, host: Host, options: BotOptions) {
    const { ownership, quarantines, spillDirectory, startOffline } = options;
    const { driver, process } = host;
    this.#world = world;
    this.#account = account;
    this.#process = process;
    this.#isReader = ownership === 'read-only';
    this.store = new AccountStateStore<Meta>({
      accountId: account.id,
      driver,
      clock: process.clock,
      random: () => world.random.next(),
      createId: () => world.createId(process.name),
      flush: world.flush,
      ownership: ownership === 'wait' ? { mode: 'wait', leaseMs: 3_000 } : ownership,
      onRejected: quarantines ? 'quarantine' : 'throw',
      ...(spillDirectory === undefined ? {} : { spill: { directory: spillDirectory, startOffline } }),
    });
    this.#listen();
    this.#requireNotRestored();
  }

  /** The newest revision that the store was told of. */
  get revision(): number {
    return this.#revision;
  }

  get isFenced(): boolean {
    return this.store.persistenceStatus().state === 'fenced';
  }

  get isOffline(): boolean {
    return this.store.persistenceStatus().ownership === 'offline';
  }

  sent({ batch, options }: CommitMessage): void {
    const { ledger } = this.#world;
    this.#writerId = options.writerId;
    // A store that was started offline claims, and writes, without a restore in between.
    if (this.phase === 'open') ledger.writes(options.writerId, this.versions);
    const recordKeys = [...batch.upserts.keys(), ...[...batch.deletes].map((key) => `-${key}`)];
    this.tell(`sends ${options.writeId} on ${options.expected?.writeId}: ${recordKeys.join(' ')}`);
  }

  restored({ status, revision, spills }: RestoreResult, start: RestoreStart): void {
    const { applied, litter: known, spills: tracked } = this.#account;
    const { isOffline } = this;
    const counts = `replayed ${spills?.replayed.length ?? 0}, conflicting ${spills?.conflicting.length ?? 0}`;
    this.tell(`restored revision ${revision}${isOffline ? ' offline' : ''}, ${counts}`);
    this.phase = 'open';
    const memory = memoryOf(this.store);
    this.versions = new Versions(memory);
    if (this.#isReader) return;
    if (spills !== undefined && !this.#world.wasRolledBack) checkConflicts(spills, revision, applied, tracked);
    if (spills !== undefined) known.check(start.litter, spills);
    if (isOffline) {
      this.#restoredOffline(memory);
      return;
    }
    const claim = this.#restoredOwned(status, revision);
    checkKnown(claim, applied, start);
    this.#checkReplayed(memory, claim, spills?.replayed.at(-1));
  }

  notRestored(error: unknown, start: RestoreStart): void {
    const code = codeOf(error);
    this.tell(`restore: ${code}`);
    if (this.phase === 'restoring') this.phase = 'closed';
    if (code !== 'CORRUPT' && code !== 'ROLLED_BACK') return;
    const { applied, damagedAt, spills } = this.#account;
    const claimed = applied.slice(start.commits).some(({ head }) => head.writerId === this.#writerId);
    // A claim that landed may have been lost, with the rest, before it was known.
    const isLost = code === 'ROLLED_BACK' && !start.wasRolledBack;
    must(!claimed || isLost, 'an account that cannot be read is never claimed', () => this.#process.name);
    // What somebody spills while this one reads may be newer than what it reads.
    const isAccepted = start.acceptRollback && start.known <= this.#account.revision;
    const isOlder = spills.length > start.spilled || (this.#world.wasRolledBack && !isAccepted);
    must(code === 'CORRUPT' ? damagedAt !== undefined : isOlder, 'restore rejects for a right reason', () => code);
  }

  /** @param mark what had been changed when the flush began. */
  flushed(mark: ReadonlyMap<string, number>): void {
    if (this.#writerId === undefined) return;
    this.tell('flushed');
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
    if (this.#world.wasRolledBack || !this.#isOwner) return;
    this.#requireSame('a store that closes well has saved everything', payloadsOf(this.#lastState()));
  }

  /** With nothing pending, and nobody else there, memory and backend are the same. */
  requireStored(): void {
    const { applied, records } = this.#account;
    if (applied.at(-1)?.head.writerId !== this.#writerId) return;
    this.#requireSame('with nothing pending, memory is stored', payloadsOf(records));
  }

  /** What a reader shows is what was stored at one instant. */
  requireRead(revision: number): void {
    const held = this.#account.applied.findLast(({ head }) => head.revision === revision);
    if (held !== undefined) this.#requireSame('a read is one instant', payloadsOf(held.after));
  }

  tell(line: string): void {
    this.#world.tell(`${this.#process.name} ${line}`);
  }

  #listen(): void {
    const { store } = this;
    store.on('restored', ({ revision }) => {
      this.#isOwner = !this.isOffline;
      this.#revision = this.#isOwner ? revision : 0;
    });
    store.on('online', ({ revision, spills }) => {
      this.#isOwner = true;
      this.#revision = revision;
      this.tell(`is online, replayed ${spills?.replayed.length}`);
    });
    store.on('flushed', ({ revision }) => {
      this.#revision = revision;
    });
    store.on('record-rejected', ({ recordKey }) => this.rejected.add(recordKey));
    store.on('spilled', ({ file: path }) => {
      this.tell(`spilled ${path}`);
      const memory = this.versions.now();
      this.#account.spills.push({ path, bytes: readFileSync(path), memory, rejected: new Set(this.rejected) });
    });
    store.on('fenced', (event) => this.#fenced(event));
  }

  #fenced(event: StoreEventMap['fenced'][0]): void {
    const world = this.#world;
    const writerId = this.#writerId;
    this.tell(`is fenced, ${event.outcome}: ${[...event.unacknowledged.keys()].join(' ')}`);
    if (writerId === undefined) return;
    world.ledger.fenced(writerId);
    world.guard(this.#process, () => {
      must(!world.isCalm, 'who waits takes nothing from an owner that lives', () => this.#process.name);
      if (!this.#isOwner || world.wasRolledBack) return;
      checkFenced(event, writerId, memoryOf(this.store), this.#account.applied, this.#revision);
    });
  }

  #requireNotRestored(): void {
    try {
      this.store.setSymbolMetadata('A', { n: -1 });
    } catch (error) {
      if (codeOf(error) === 'NOT_RESTORED') return;
    }
    must(false, 'nothing is changed before restore', () => this.#process.name);
  }

  #restoredOffline(memory: ReadonlyMap<string, string>): void {
    const isSpilled = this.#account.spills.some((spill) => existsSync(spill.path) && holds(memory, spill));
    must(isSpilled, 'what was spilled is there offline', () => shown(memory));
    if (this.#writerId !== undefined) this.#world.ledger.writes(this.#writerId, this.versions);
  }

  #restoredOwned(status: RestoreResult['status'], revision: number): AppliedCommit {
    const { applied } = this.#account;
    const claim = applied.find(({ head }) => head.revision === revision && head.writerId === this.#writerId);
    must(claim !== undefined, 'restore claims the account', () => `${this.#process.name}, revision ${revision}`);
    const stored = payloadsOf(claim.after);
    this.#requireSame('restore shows what the backend holds', stored);
    must(status === 'restored' || stored.size === 0, 'an account with records is never empty', () => status);
    this.#world.ledger.writes(claim.head.writerId, this.versions);
    return claim;
  }

  #checkReplayed(memory: ReadonlyMap<string, string>, claim: AppliedCommit, replayed: string | undefined): void {
    // Unless an earlier request of the same claim has landed, and somebody has gone on from there.
    const last = this.#account.spills.find(({ path }) => path === replayed);
    if (last === undefined || claim.head.writeId !== parseSpill(last.bytes).replayWriteId) return;
    must(holds(memory, last), 'what was spilled comes back', () => `${shown(memory)}, spilled ${shown(last.memory)}`);
  }

  #lastState(): ReadonlyMap<string, string> {
    return this.#account.applied.findLast(({ head }) => head.writerId === this.#writerId)?.after ?? new Map();
  }

  #requireSame(invariant: string, stored: ReadonlyMap<string, string>): void {
    const memory = memoryOf(this.store);
    must(isSame(memory, stored), invariant, () => `${this.#process.name}: ${shown(memory)}, stored ${shown(stored)}`);
  }
}
