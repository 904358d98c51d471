import type { Clock, TimerHandle } from '../clock.js';
import { type AccountKeeperError, toAccountKeeperError } from '../errors.js';
import type { AccountHead, PersistenceDriver } from '../persistence-driver.js';
import type { LeaseReference } from './head-meta.js';
import { writeLease } from './lease-record.js';

/** What a lease works with. */
export interface LeaseOptions {
  readonly driver: PersistenceDriver;
  readonly clock: Clock;
  readonly createId: () => string;
  /** The lease is renewed three times in this time, in milliseconds. */
  readonly leaseMs: number;
}

/** A lease that nobody holds any more, as it was seen. */
export interface FreeLease {
  readonly id: string;
  readonly head: AccountHead;
}

/** One store's share of the lease of its process. */
export interface LeaseShare {
  /** What to write into heads now. */
  readonly reference: LeaseReference;
  /** Idempotent. The last share ends the lease. */
  release(): Promise<void>;
}

const leases = new WeakMap<PersistenceDriver, ProcessLease>();

/**
 * The lease of this process on a driver: one record for all its accounts, renewed while any of them is open. It says
 * that the process is alive, and nothing about who may write.
 *
 * @param adopt a lease to continue, so that one hand-over after the other leaves no records behind.
 */
export function shareLease(options: LeaseOptions, adopt?: FreeLease): LeaseShare {
  const lease = leases.get(options.driver) ?? new ProcessLease(options, adopt);
  leases.set(options.driver, lease);
  lease.shares += 1;
  let released: Promise<void> | undefined;
  const release = async (): Promise<void> => {
    lease.shares -= 1;
    if (lease.shares > 0) return;
    leases.delete(options.driver);
    await lease.end();
  };
  return {
    get reference() {
      return lease.reference;
    },
    release: () => {
      released ??= release();
      return released;
    },
  };
}

/** A write of the lease that has to be repeated as it is until it is known what became of it. */
interface Renewal {
  readonly expected: { readonly revision: number; readonly writeId: string } | undefined;
  readonly writeId: string;
  readonly ended: boolean;
}

class ProcessLease {
  shares = 0;
  readonly #options: LeaseOptions;
  readonly #holder: string;
  #id: string;
  #head: AccountHead | undefined;
  /** The highest revision that the record is known to have had. */
  #floor = 0;
  #unresolved: Renewal | undefined;
  #timer: TimerHandle | undefined;
  #renewing: Promise<void>;
  #isEnding = false;

  constructor(options: LeaseOptions, adopt: FreeLease | undefined) {
    this.#options = options;
    this.#holder = options.createId();
    this.#id = adopt?.id ?? options.createId();
    this.#head = adopt?.head;
    this.#renewing = this.#renew();
  }

  get reference(): LeaseReference {
    return { id: this.#id, holder: this.#holder };
  }

  async end(): Promise<void> {
    this.#isEnding = true;
    this.#timer?.cancel();
    await this.#renewing;
    // An unresolved renewal, and then the end: who waits finds out by time if that fails.
    if (this.#unresolved !== undefined) await this.#write();
    if (this.#unresolved === undefined) await this.#write();
  }

  async #renew(): Promise<void> {
    await this.#write();
    if (this.#isEnding) return;
    this.#timer = this.#options.clock.setTimeout(() => {
      this.#renewing = this.#renew();
    }, this.#options.leaseMs / 3);
    this.#timer.unref?.();
  }

  /** Never rejects. */
  async #write(): Promise<void> {
    const { createId, driver, leaseMs } = this.#options;
    const { revision, writeId } = this.#head ?? {};
    const expected = revision === undefined || writeId === undefined ? undefined : { revision, writeId };
    const renewal = this.#unresolved ?? { expected, writeId: createId(), ended: this.#isEnding };
    this.#unresolved = renewal;
    const timeoutMs = leaseMs / 3;
    try {
      const { ended, ...identity } = renewal;
      const options = { ...identity, writerId: this.#holder, timeoutMs, revisionFloor: this.#floor };
      this.#head = await writeLease(driver, this.#id, { leaseMs, ended }, options);
      this.#floor = this.#head.revision;
      this.#unresolved = undefined;
    } catch (thrown) {
      const error = toAccountKeeperError(thrown, 'renewal of a lease');
      if (error.outcome === 'not-applied') this.#unresolved = undefined;
      if (error.code === 'CONFLICT') this.#beginAnew();
      if (error.code === 'ROLLED_BACK') await this.#writeAgain(error);
    }
  }

  /** The backend has lost the record: it is written again under its id, since that is where others look for it. */
  async #writeAgain({ head, known }: AccountKeeperError): Promise<void> {
    const floor = Math.max(this.#floor, this.#head?.revision ?? 0, known?.revision ?? 0);
    const isNew = floor > this.#floor || head?.writeId !== this.#head?.writeId;
    this.#floor = floor;
    this.#head = head;
    this.#unresolved = undefined;
    if (isNew) await this.#write();
  }

  /** Somebody else continues the record: heads name a new one from their next commit on. */
  #beginAnew(): void {
    this.#id = this.#options.createId();
    this.#head = undefined;
    this.#floor = 0;
    this.#unresolved = undefined;
  }
}
