import { existsSync } from 'node:fs';
import { isAccountKeeperError } from '../../src/core/errors.js';
import type { RestoreOptions } from '../../src/core/restore/restore-options.js';
import type { Account } from './account.js';
import { type CommitMessage, DAMAGED_RECORD } from './backend.js';
import type { Host } from './host.js';
import { codeOf, type Meta, memoryOf, shown, textOf } from './memory.js';
import { type RestoreStart, Session } from './session.js';
import type { SimulatedProcess } from './time.js';
import { must } from './violation.js';
import type { World } from './world.js';

/** Why a flush may reject in a world that is well: somebody else owns the account, or the backend has lost something. */
const LASTING: ReadonlySet<string> = new Set(['FENCED', 'ROLLED_BACK']);
const UNWRITABLE: ReadonlySet<string> = new Set(['INVALID_VALUE', 'TOO_LARGE', 'ENCODE']);

/** How a bot opens its account. */
export interface BotOptions {
  readonly ownership: 'take-over' | 'wait' | 'read-only';
  readonly spillDirectory: string | undefined;
  readonly startOffline: boolean;
  /** Whether an account of which a record is damaged is opened without it. */
  readonly quarantines: boolean;
}

/** How a bot restores. */
export interface RestoreChoice {
  /** It refuses an account that is older than what it has seen. */
  readonly knows?: boolean;
  readonly acceptRollback?: boolean;
  readonly timeoutMs?: number;
}

/** A bot: one store after the other, on one account, in the processes of one host. */
export class Bot {
  readonly account: Account;
  readonly #world: World;
  readonly #host: Host;
  readonly #options: BotOptions;
  #session: Session | undefined;
  #seenRevision = 0;
  /** The newest revision that any of its stores was told of. */
  #knownRevision = 0;

  constructor(world: World, host: Host, account: Account, options: BotOptions) {
    this.#world = world;
    this.#host = host;
    this.account = account;
    this.#options = options;
    host.bots.push(this);
  }

  get process(): SimulatedProcess {
    return this.#host.process;
  }

  get phase(): Session['phase'] {
    return this.#session?.phase ?? 'closed';
  }

  get isReader(): boolean {
    return this.#options.ownership === 'read-only';
  }

  get isWritable(): boolean {
    return this.#writable !== undefined;
  }

  crash(): void {
    this.#host.crash();
  }

  /** Its process has ended. */
  forget(): void {
    this.#session = undefined;
  }

  /** A commit was sent to its account by its process. */
  sent(message: CommitMessage): void {
    this.#session?.sent(message);
    this.#world.ledger.sent(message);
  }

  restore({ knows = false, acceptRollback = false, timeoutMs = 6_000 }: RestoreChoice = {}): void {
    const { account, process } = this;
    const session = new Session(this.#world, account, this.#host, this.#options);
    this.#knownRevision = Math.max(this.#knownRevision, this.#session?.revision ?? 0);
    this.#session = session;
    const { applied, litter, spills } = account;
    const directory = this.#options.spillDirectory;
    const minRevision = knows ? this.#knownRevision : 0;
    const start: RestoreStart = {
      commits: applied.length,
      spilled: spills.length,
      wasRolledBack: this.#world.wasRolledBack,
      spills: spills.filter(({ path }) => existsSync(path)),
      litter: litter.in(directory),
      directory,
      acceptRollback,
      known: Math.max(minRevision, this.#host.driver.seen(account.id)),
    };
    const floor = Math.max(minRevision, this.#world.wasRolledBack ? 0 : account.revision);
    const options: RestoreOptions = { timeoutMs, acceptRollback, ...(knows ? { minRevision, mustExist: true } : {}) };
    session.tell(`restores${knows ? `, knowing of revision ${minRevision}` : ''}`);
    session.store.restore(options).then(
      (result) =>
        this.#world.guard(process, () => {
          const isRecent = result.revision >= floor || session.isOffline;
          must(isRecent, 'a restore is not older than what was there', () => `${process.name}: ${result.revision}`);
          session.restored(result, start);
          if (this.isReader) this.#read(session);
        }),
      (error: unknown) => this.#world.guard(process, () => session.notRestored(error, start)),
    );
  }

  change(symbol: string, value: Meta | undefined): void {
    const session = this.#writable;
    if (session === undefined) return;
    const recordKey = `metadata/${symbol}`;
    const text = value === undefined ? undefined : textOf(value);
    session.rejected.delete(recordKey);
    session.versions.changed(recordKey, text);
    this.account.acknowledged.changed(recordKey, text);
    session.tell(`changes ${symbol} to ${text}`);
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

  /** Two symbols always change together. */
  transact(n: number, fails: boolean): void {
    const session = this.#writable;
    if (session === undefined) return;
    try {
      session.store.transaction(() => {
        this.change('T1', { n });
        this.change('T2', { n });
        if (fails) throw new Error('taken back');
      });
    } catch {
      for (const symbol of ['T1', 'T2']) session.versions.undo(`metadata/${symbol}`);
    }
  }

  flush(method: 'flush' | 'persistAll', timeoutMs?: number): void {
    const session = this.#writable;
    if (session === undefined) return;
    const { acknowledged } = this.account;
    const { newest } = acknowledged;
    const mark = session.versions.mark();
    const memory = memoryOf(session.store);
    session.store[method](timeoutMs === undefined ? {} : { timeoutMs }).then(
      () =>
        this.#world.guard(this.process, () => {
          session.flushed(mark);
          for (const recordKey of mark.keys()) {
            if (recordKey !== DAMAGED_RECORD) acknowledged.acknowledge(recordKey, memory.get(recordKey), newest);
          }
        }),
      (error: unknown) => this.#failed(session, method, error),
    );
  }

  refresh(): void {
    const session = this.#session;
    if (session?.phase !== 'open' || !this.isReader) return;
    const floor = this.#world.wasRolledBack ? 0 : this.account.revision;
    session.store.refresh({ timeoutMs: 3_000 }).then(
      ({ revision }) =>
        this.#world.guard(this.process, () => {
          must(revision >= floor, 'a read is not older than its beginning', () => `${revision}, at least ${floor}`);
          this.#read(session);
        }),
      (error: unknown) => this.#failed(session, 'refresh', error),
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
    session.store.close({ deadlineMs }).then(
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
          const isThere = this.#options.spillDirectory === undefined || isSpilled;
          must(isThere, 'what was not persisted is in a spill file', () => `${this.process.name}: ${file}`);
          closed(code);
        }),
    );
  }

  /** In a world that is well again: nothing that can be written may stay pending. */
  settleDown(): void {
    const session = this.#writable;
    if (session === undefined) return;
    const { lastError, ownership, pendingRecords, state } = session.store.persistenceStatus();
    if (lastError === undefined && pendingRecords === 0) session.requireStored();
    const isDone = pendingRecords <= session.rejected.size || lastError?.code === 'ROLLED_BACK';
    must(isDone, 'nothing that can be written stays pending', () => {
      return `${this.process.name}: ${pendingRecords} pending, ${session.rejected.size} rejected, ${state}, ${ownership}, ${lastError?.message}`;
    });
  }

  /**
   * In a world that is well again: `flush()` settles, and rejects only for a reason that stays.
   *
   * @returns what to call once it must have settled.
   */
  flushAtLast(): () => void {
    const session = this.#writable;
    if (session === undefined) return () => undefined;
    const { process } = this;
    let settled = false;
    const settle = (): void => {
      settled = true;
    };
    session.store.flush().then(settle, (error: unknown) => {
      settle();
      this.#world.guard(process, () => {
        const code = codeOf(error);
        const isRight = LASTING.has(code) || (UNWRITABLE.has(code) && session.rejected.size > 0);
        must(isRight, 'flush rejects for a right reason', () => `${process.name}: ${code}`);
      });
    });
    return () => must(settled, 'flush settles', () => process.name);
  }

  get #writable(): Session | undefined {
    const session = this.#session;
    return session?.phase === 'open' && !this.isReader && !session.isFenced ? session : undefined;
  }

  #failed(session: Session, doing: string, error: unknown): void {
    this.#world.guard(this.process, () => {
      const code = codeOf(error);
      session.tell(`${doing}: ${code}`);
      const isRight = code !== 'ROLLED_BACK' || this.#world.wasRolledBack;
      must(isRight, 'nothing is called rolled back that was not', () => `${this.process.name} ${doing}`);
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
