import { isAccountKeeperError } from '../../src/core/errors.js';
import type { RestoreOptions } from '../../src/core/restore/restore-options.js';
import type { Known } from './checks/known.js';
import { isNamed, nameOf, type RestoreStart, type Word } from './restore-start.js';
import { Session } from './session.js';
import { must } from './violation.js';
import type { Account } from './world/account.js';
import { type AppliedCommit, isIn } from './world/applied-commit.js';
import { type CommitMessage, DAMAGED_RECORD } from './world/backend.js';
import type { Host } from './world/host.js';
import { codeOf, type Meta, memoryOf, shown, textOf } from './world/memory.js';
import type { SimulatedProcess } from './world/time.js';
import type { World } from './world.js';

/** How a bot opens its account. */
export interface BotOptions {
  readonly ownership: 'take-over' | 'wait' | 'read-only';
  readonly spillDirectory: string | undefined;
  readonly highWaterDirectory: string | undefined;
  /** Whether an account of which a record is damaged is opened without it. */
  readonly quarantines: boolean;
}

/** How a bot restores. */
export interface RestoreChoice {
  /** It refuses an account that is older than what it has seen. */
  readonly knows?: boolean;
  readonly word?: Word | undefined;
  readonly timeoutMs?: number;
}

/** A bot: one store after the other, on one account, in the processes of one host. */
export class Bot {
  readonly account: Account;
  readonly options: BotOptions;
  readonly #world: World;
  readonly #host: Host;
  /** The newest commit that its process saw acknowledged. */
  acknowledged: AppliedCommit | undefined;
  #session: Session | undefined;
  #seenRevision = 0;
  /** The newest revision that any of its stores was told of. */
  #knownRevision = 0;
  /** The heads that restores have named when they asked for the operator's word. */
  readonly #asked: Omit<Word, 'keep'>[] = [];
  #isAsked = false;

  constructor(world: World, host: Host, account: Account, options: BotOptions) {
    this.#world = world;
    this.#host = host;
    this.account = account;
    this.options = options;
    host.bots.push(this);
  }

  get process(): SimulatedProcess {
    return this.#host.process;
  }

  get phase(): Session['phase'] {
    return this.#session?.phase ?? 'closed';
  }

  get isReader(): boolean {
    return this.options.ownership === 'read-only';
  }

  get isWritable(): boolean {
    return this.writable !== undefined;
  }

  get isRolledBack(): boolean {
    return this.writable?.isRolledBack === true;
  }

  /** A restore was rejected, and nobody has restored the account since. */
  get isAsked(): boolean {
    return this.#isAsked;
  }

  /** The heads that restores have named, the newest last. */
  get asked(): readonly Omit<Word, 'keep'>[] {
    return this.#asked;
  }

  get directories(): readonly string[] {
    const { spillDirectory, highWaterDirectory } = this.options;
    return [...new Set([spillDirectory, highWaterDirectory].filter((each) => each !== undefined))];
  }

  crash(): void {
    this.#host.crash();
  }

  /** Its process has ended. */
  forget(): void {
    this.acknowledged = undefined;
    this.#session = undefined;
  }

  /** A commit was sent to its account by its process. */
  sent(message: CommitMessage): void {
    this.#session?.sent(message);
  }

  /** Records of its account that the backend, or a limit of the driver, has refused. */
  refused(recordKeys: Iterable<string>): void {
    for (const recordKey of recordKeys) this.#session?.unwritable.add(recordKey);
  }

  restore({ knows = false, word, timeoutMs = 6_000 }: RestoreChoice = {}): void {
    const world = this.#world;
    const { account, process } = this;
    this.#knownRevision = Math.max(this.#knownRevision, this.#session?.revision ?? 0);
    const minRevision = knows ? this.#knownRevision : 0;
    const start: RestoreStart = {
      commits: account.applied.length,
      rollbacks: world.rollbacks,
      litter: account.litter.in(this.directories),
      spills: account.spillsIn(this.directories),
      known: this.known(),
      word,
      minRevision,
    };
    const session = new Session(world, this, this.#host, start);
    this.#session = session;
    const floor = Math.max(minRevision, account.revision);
    const options: RestoreOptions = {
      timeoutMs,
      ...(word === undefined ? {} : { onRolledBack: word }),
      ...(knows ? { minRevision, mustExist: minRevision > 0 } : {}),
    };
    session.tell(`restores${knows ? `, knowing of revision ${minRevision}` : ''}${word ? ` ${shownWord(word)}` : ''}`);
    if (word !== undefined && !isNamed(word, account.stored?.head)) world.reach('stale word');
    const restoring = session.store.restore(options);
    world.promises.add(
      process,
      'restore',
      restoring,
      this.options.ownership === 'wait' ? timeoutMs + 2_000 : timeoutMs,
    );
    restoring.then(
      (result) =>
        world.guard(process, () => {
          const isRecent = result.revision >= floor || world.rollbacks !== start.rollbacks;
          must(isRecent, 'a restore is not older than what was there', () => `${process.name}: ${result.revision}`);
          this.#isAsked = false;
          session.restored(result);
          if (this.isReader) this.#read(session);
        }),
      (error: unknown) =>
        world.guard(process, () => {
          if (['ROLLED_BACK', 'CORRUPT'].includes(codeOf(error)) && isAccountKeeperError(error))
            this.#askedBy(error.head);
          session.notRestored(error);
        }),
    );
  }

  /** What its process knows of its account now. */
  known(): Known {
    const { account } = this;
    const mark = account.commitOf(this.#host.driver.mark(account.id)?.writeId);
    return { local: account.knownIn(this.directories), mark, acknowledged: this.acknowledged };
  }

  change(symbol: string, value: Meta | undefined): void {
    const session = this.writable;
    if (session === undefined) return;
    const recordKey = `metadata/${symbol}`;
    const text = value === undefined ? undefined : textOf(value);
    session.rejected.delete(recordKey);
    if (text?.endsWith('n') === true) session.unwritable.add(recordKey);
    session.versions.changed(recordKey, text);
    this.account.acknowledged.changed(recordKey, text);
    session.tell(`changes ${symbol} to ${text?.slice(0, 40)}`);
    if (value === undefined) session.store.deletePositionMetadata(symbol);
    else session.store.setSymbolMetadata(symbol, value);
  }

  /** A change that has to be refused, by a store that does not own its account. */
  poke(): void {
    const session = this.#session;
    if (session === undefined || session.phase === 'closed' || this.isWritable) return;
    const before = shown(memoryOf(session.store));
    const expected = { restoring: 'NOT_RESTORED', open: this.isReader ? 'READ_ONLY' : 'FENCED', closing: 'CLOSED' };
    let code = 'none';
    try {
      session.store.setSymbolMetadata('A', { n: -1 });
    } catch (error) {
      code = codeOf(error);
    }
    const isRefused = code === expected[session.phase] && before === shown(memoryOf(session.store));
    must(isRefused, 'who owns nothing changes nothing', () => `${this.process.name}, ${this.phase}: ${code}`);
  }

  /** The value that a symbol has now. */
  get(symbol: string): Meta | undefined {
    return this.#session?.store.getSymbolMetadata(symbol);
  }

  /** Several symbols change together, or, if it fails, none of them. */
  transact(changes: ReadonlyMap<string, Meta | undefined>, fails: boolean): void {
    const session = this.writable;
    if (session === undefined) return;
    const recordKeys = [...changes.keys()].map((symbol) => `metadata/${symbol}`);
    const rejected = recordKeys.filter((recordKey) => session.rejected.has(recordKey));
    try {
      session.store.transaction(() => {
        for (const [symbol, value] of changes) this.change(symbol, value);
        if (fails) throw new Error('taken back');
      });
      session.versions.together(recordKeys);
      this.#world.reach('transaction');
    } catch {
      for (const recordKey of recordKeys) session.versions.undo(recordKey);
      for (const recordKey of rejected) session.rejected.add(recordKey);
    }
  }

  flush(method: 'flush' | 'persistAll', timeoutMs?: number): void {
    const session = this.writable;
    if (session === undefined) return;
    const { rollbacks } = this.#world;
    const { acknowledged } = this.account;
    const { newest } = acknowledged;
    const mark = session.versions.mark();
    const memory = memoryOf(session.store);
    const flushing = session.store[method](timeoutMs === undefined ? {} : { timeoutMs });
    this.#world.promises.add(this.process, method, flushing, timeoutMs);
    if (method === 'persistAll') this.#world.reach('persistAll');
    flushing.then(
      () =>
        this.#world.guard(this.process, () => {
          session.flushed(mark);
          const { base } = session;
          if (base === undefined || session.isInParts) return;
          for (const recordKey of mark.keys()) {
            if (recordKey === DAMAGED_RECORD || session.rejected.has(recordKey)) continue;
            acknowledged.acknowledge(recordKey, memory.get(recordKey), newest, base);
          }
        }),
      (error: unknown) => this.#failed(session, method, error, rollbacks),
    );
  }

  refresh(): void {
    const session = this.#session;
    if (session?.phase !== 'open' || !this.isReader) return;
    const floor = this.account.revision;
    const { rollbacks } = this.#world;
    const reading = session.store.refresh({ timeoutMs: 3_000 });
    this.#world.promises.add(this.process, 'refresh', reading, 3_000);
    reading.then(
      ({ revision }) =>
        this.#world.guard(this.process, () => {
          const isRecent = revision >= floor || this.#world.rollbacks !== rollbacks;
          must(isRecent, 'a read is not older than its beginning', () => `${revision}, at least ${floor}`);
          this.#read(session);
        }),
      (error: unknown) => this.#failed(session, 'refresh', error, rollbacks),
    );
  }

  close(deadlineMs: number): void {
    const session = this.#session;
    if (session === undefined || session.phase === 'closing' || session.phase === 'closed') return;
    const wasOpen = session.phase === 'open';
    session.phase = 'closing';
    const closed = (how: string): void => {
      session.tell(`closed: ${how}`);
      session.phase = 'closed';
    };
    const closing = session.store.close({ timeoutMs: deadlineMs });
    this.#world.promises.add(this.process, 'close', closing, deadlineMs);
    closing.then(
      () =>
        this.#world.guard(this.process, () => {
          if (wasOpen && !this.isReader) session.requireSaved();
          closed('everything persisted');
        }),
      (error: unknown) =>
        this.#world.guard(this.process, () => {
          const code = codeOf(error);
          must(code === 'UNPERSISTED', 'close rejects for a right reason', () => `${this.process.name}: ${code}`);
          const file = isAccountKeeperError(error) ? error.spillFile : undefined;
          const isSpilled = this.account.spills.some(({ path }) => path === file);
          const isThere = this.options.spillDirectory === undefined || isSpilled;
          must(isThere, 'what was not persisted is in a spill file', () => `${this.process.name}: ${file}`);
          closed(code);
        }),
    );
  }

  /** Its store, if that owns the account. */
  get writable(): Session | undefined {
    const session = this.#session;
    return session?.phase === 'open' && !this.isReader && !session.isFenced ? session : undefined;
  }

  #askedBy(head: Parameters<typeof nameOf>[0]): void {
    this.#asked.push(nameOf(head));
    this.#isAsked = true;
  }

  #failed(session: Session, doing: string, error: unknown, rollbacks: number): void {
    this.#world.guard(this.process, () => {
      const code = codeOf(error);
      session.tell(`${doing}: ${code}`);
      if (code !== 'ROLLED_BACK' || this.#world.rollbacks !== rollbacks) return;
      const stored = this.account.commitOf(isAccountKeeperError(error) ? error.head?.writeId : undefined);
      const isLess = !isIn(session.base, stored) || !isIn(this.known().mark, stored);
      must(isLess, 'nothing is called rolled back that was not', () => `${this.process.name} ${doing}`);
    });
  }

  #read(session: Session): void {
    // What a refresh found that another one has overtaken is not shown.
    const { revision = 0 } = session.store.persistenceStatus();
    const isNewer = revision >= this.#seenRevision || this.#world.wasRolledBack;
    must(isNewer, 'reads never go back', () => `${this.#seenRevision}, then ${revision}`);
    this.#seenRevision = revision;
    session.requireRead(revision);
  }
}

function shownWord({ keep, revision, writeId }: Word): string {
  return `, keep ${keep} at ${revision} ${writeId}`;
}
