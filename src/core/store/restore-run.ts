import { setMaxListeners } from 'node:events';
import { toAccountKeeperError } from '../errors.js';
import { HighWaterFile } from '../high-water/high-water-file.js';
import { type LeaseShare, shareLease } from '../ownership/process-lease.js';
import { waitForOwner } from '../ownership/wait-for-owner.js';
import type { AccountHead } from '../persistence-driver.js';
import type { KnownHead } from '../restore/expected-state.js';
import type { ReadAccount } from '../restore/record-reader.js';
import type { RestoredSpills, RestoreOptions } from '../restore/restore-options.js';
import {
  type LocalKnowledge,
  type RestoredAccount,
  readOnly,
  readSpilled,
  type TakeOverParts,
  type TurnLimits,
  takeOver,
} from '../restore/take-over.js';
import { newestChain, type ReplayPlan } from '../spill/replay-plan.js';
import type { DamagedSpill, StoredSpill } from '../spill/spill-folder.js';
import { SpillKeeper } from '../spill/spill-keeper.js';
import type { RecordTable } from '../tables/change-sink.js';
import type { PersistenceParts } from './persistence-parts.js';
import type { StoreEvents } from './store-events.js';

/** What a restore came to. */
export type Restored =
  | ({ readonly kind: 'owned' } & RestoredAccount)
  /** The backend could not be reached: the account is as it was spilled. */
  | { readonly kind: 'offline'; readonly account: ReadAccount; readonly plan: ReplayPlan }
  | { readonly kind: 'read-only'; readonly head: AccountHead | undefined; readonly account: ReadAccount };

/** One attempt to restore an account, and what it knows of the account besides what the backend holds. */
export class RestoreRun<T extends object> {
  readonly keeper: SpillKeeper | undefined;
  readonly highWater: HighWaterFile | undefined;
  readonly #parts: PersistenceParts<T>;
  readonly #events: StoreEvents;
  readonly #createScratch: () => readonly RecordTable[];
  readonly #abort = new AbortController();
  #damaged: readonly DamagedSpill[] = [];
  #acceptsRollback = false;
  #lease: LeaseShare | undefined;
  #isWaiting = false;

  constructor(parts: PersistenceParts<T>, events: StoreEvents, createScratch: () => readonly RecordTable[]) {
    const { accountId, highWater, spill } = parts;
    this.#parts = parts;
    this.#events = events;
    this.#createScratch = createScratch;
    // Any number of refreshes may be under way at once.
    setMaxListeners(0, this.#abort.signal);
    this.keeper = spill === undefined ? undefined : new SpillKeeper(spill.directory, parts);
    if (highWater === undefined) return;
    this.highWater = new HighWaterFile({
      directory: highWater.directory,
      accountId,
      onError: (error) => events.emit('high-water-failed', { accountId, error }),
    });
  }

  /** Whether it waits for the owner. */
  get isWaiting(): boolean {
    return this.#isWaiting;
  }

  /** The lease under which the account is held, with `ownership: 'wait'`. */
  get lease(): LeaseShare | undefined {
    return this.#lease;
  }

  /** Ends it: the store closes. */
  abort(): void {
    this.#abort.abort();
  }

  /** It has failed: the lease is given back. */
  async abandon(): Promise<void> {
    await this.#lease?.release();
  }

  async restore(options: RestoreOptions): Promise<Restored> {
    const { ownership, spill } = this.#parts;
    this.#acceptsRollback = options.acceptRollback === true;
    if (ownership.mode === 'read-only') return { kind: 'read-only', ...(await readOnly(this.takeOverParts, options)) };
    try {
      return { kind: 'owned', ...(await takeOver(this.takeOverParts, options)) };
    } catch (thrown) {
      const { code } = toAccountKeeperError(thrown, 'restore');
      const plan = newestChain(this.#local().spills);
      const isUnreachable = code === 'UNAVAILABLE' || code === 'TIMEOUT';
      if (spill?.startOffline !== true || !isUnreachable || plan.replay.length === 0) throw thrown;
      return { kind: 'offline', account: await readSpilled(this.takeOverParts, plan.replay), plan };
    }
  }

  /** Reads the account once more, without taking it over. */
  async read(options: RestoreOptions): Promise<{ head: AccountHead | undefined; account: ReadAccount }> {
    return readOnly(this.takeOverParts, options);
  }

  /** After the take-over: the files whose changes are in the backend now are removed. */
  settle(plan: ReplayPlan): RestoredSpills | undefined {
    const { accountId } = this.#parts;
    const onError = (thrown: unknown): void => {
      this.#events.emit('spill-failed', { accountId, error: toAccountKeeperError(thrown, 'removal of a spill') });
    };
    return this.keeper?.settle(plan, this.#damaged, onError);
  }

  /** Before the take-over: the files that nothing will become of. */
  left({ conflicting }: ReplayPlan): RestoredSpills {
    const pathOf = ({ path }: { readonly path: string }): string => path;
    return { replayed: [], conflicting: conflicting.map(pathOf), damaged: this.#damaged.map(pathOf) };
  }

  get takeOverParts(): TakeOverParts {
    const { accountId, clock, createId, driver, onRejected, reader } = this.#parts;
    return {
      driver,
      accountId,
      clock,
      createId,
      onRejected,
      closing: this.#abort.signal,
      local: () => this.#local(),
      lease: () => this.#lease?.reference,
      onWarning: (warning) => this.#events.emit('driver-warning', { accountId, ...warning }),
      read: (stored) => reader.read(stored, this.#createScratch()),
      turn: (limits) => this.#turn(limits),
    };
  }

  async #turn(limits: TurnLimits): Promise<(head: AccountHead | undefined) => boolean> {
    const { accountId, clock, createId, driver, ownership } = this.#parts;
    const { leaseMs, mode, pollMs } = ownership;
    if (mode !== 'wait') return () => true;
    this.#isWaiting = true;
    try {
      const { timeoutMs, signal } = limits;
      const found = await waitForOwner({
        driver,
        accountId,
        clock,
        leaseMs,
        pollMs,
        signal,
        ...(timeoutMs === undefined ? {} : { timeoutMs }),
        onWaiting: (owner) => this.#events.emit('waiting', { accountId, owner }),
      });
      this.#lease ??= shareLease({ driver, clock, createId, leaseMs }, found.lease);
      await this.#lease.begun;
      return (head) => head?.writeId === found.head?.writeId;
    } finally {
      this.#isWaiting = false;
    }
  }

  #local(): LocalKnowledge {
    const isReader = this.#parts.ownership.mode === 'read-only';
    const { spills = [], damaged = [] } = isReader ? {} : (this.keeper?.read() ?? {});
    this.#damaged = damaged;
    return { spills, known: [...this.#readHighWater(), ...spills.flatMap(baseOf)] };
  }

  #readHighWater(): readonly KnownHead[] {
    try {
      const known = this.highWater?.read();
      return known === undefined ? [] : [{ ...known, source: 'its high-water file says so' }];
    } catch (error) {
      if (this.#acceptsRollback) return [];
      throw error;
    }
  }
}

function baseOf({ path, spill }: StoredSpill): readonly KnownHead[] {
  return spill.base === undefined ? [] : [{ ...spill.base, source: `its spill file ${path} says so` }];
}
