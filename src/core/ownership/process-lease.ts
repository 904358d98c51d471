import { type AccountKeeperError, toAccountKeeperError } from '../errors.js';
import type { AccountHead, CommitOptions, PersistenceDriver } from '../persistence-driver.js';
import type { Clock, TimerHandle } from '../shared/clock.js';
import { baseOf, type LeaseReference } from './head-meta.js';
import { forgetLease, newLeaseId, writeLease } from './lease-record.js';

export interface LeaseOptions {
  readonly driver: PersistenceDriver;
  readonly clock: Clock;
  readonly createId: () => string;
  /** The lease is renewed three times in this time, in milliseconds. */
  readonly leaseMs: number;
}

/** One store's share of the lease of its process. */
export interface LeaseShare {
  /** The reference that heads get now. */
  readonly reference: LeaseReference;
  /** Settles with the first write of the lease; rejects when a repetition cannot mend what failed. */
  readonly begun: Promise<void>;
  /** Idempotent. The last share ends the lease, and its record goes. */
  release(): Promise<void>;
}

const leases = new WeakMap<PersistenceDriver, ProcessLease>();

/**
 * The lease of this process on a driver: one record for all its accounts, renewed while any of them is open. It says
 * that the process is alive, and nothing about who may write.
 */
export function shareLease(options: LeaseOptions): LeaseShare {
  const lease = leases.get(options.driver) ?? new ProcessLease(options);
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
    begun: lease.begun,
    release: () => {
      released ??= release();
      return released;
    },
  };
}

/** A write of the lease that has to be repeated as it is until it is known what became of it. */
interface Renewal {
  readonly expected: CommitOptions['expected'];
  readonly writeId: string;
}

class ProcessLease {
  shares = 0;
  readonly begun: Promise<void>;
  readonly #options: LeaseOptions;
  readonly #holder: string;
  #id: string;
  #head: AccountHead | undefined;
  /** The highest revision of the record that is known: it is never written below that. */
  #floor = 0;
  #unresolved: Renewal | undefined;
  #timer: TimerHandle | undefined;
  #renewing: Promise<unknown>;
  #isEnding = false;

  constructor(options: LeaseOptions) {
    this.#options = options;
    this.#holder = options.createId();
    this.#id = newLeaseId(options.createId);
    const first = this.#renew();
    this.#renewing = first;
    this.begun = first.then((failure) => {
      if (failure !== undefined) throw failure;
    });
    // Not everybody waits for it; whoever does is told.
    this.begun.catch(() => undefined);
  }

  get reference(): LeaseReference {
    return { id: this.#id, holder: this.#holder };
  }

  async end(): Promise<void> {
    this.#isEnding = true;
    this.#timer?.cancel();
    await this.#renewing;
    if (this.#unresolved !== undefined) await this.#write();
    const { driver, leaseMs } = this.#options;
    if (this.#head !== undefined)
      await forgetLease(driver, { id: this.#id, head: this.#head }, { timeoutMs: leaseMs / 3 });
  }

  async #renew(): Promise<AccountKeeperError | undefined> {
    const failure = await this.#write();
    if (this.#isEnding) return failure;
    this.#timer = this.#options.clock.setTimeout(() => {
      this.#renewing = this.#renew();
    }, this.#options.leaseMs / 3);
    this.#timer.unref?.();
    return failure;
  }

  /** @returns why it failed, if a repetition cannot mend that. Never rejects */
  async #write(isAnew = false): Promise<AccountKeeperError | undefined> {
    const { createId, driver, leaseMs } = this.#options;
    const renewal = this.#unresolved ?? { expected: baseOf(this.#head), writeId: createId() };
    this.#unresolved = renewal;
    const timeoutMs = leaseMs / 3;
    try {
      const options = { ...renewal, writerId: this.#holder, timeoutMs, revisionFloor: this.#floor };
      this.#head = await writeLease(driver, this.#id, leaseMs, options);
      this.#floor = this.#head.revision;
      this.#unresolved = undefined;
      return undefined;
    } catch (thrown) {
      const error = toAccountKeeperError(thrown, 'renewal of a lease');
      if (error.outcome === 'not-applied') this.#unresolved = undefined;
      if (error.code !== 'CONFLICT' && error.code !== 'ROLLED_BACK') return error.retryable ? undefined : error;
      this.#beginAnew(error);
      // Who waits has seen no sign of life for a third of the time already.
      return isAnew ? undefined : this.#write(true);
    }
  }

  /**
   * The backend has lost the record: heads go on naming it, so it is written on top of what is left. Or somebody else
   * writes it, as earlier versions did: heads name another one from their next commit on.
   */
  #beginAnew({ code, head, known }: AccountKeeperError): void {
    this.#unresolved = undefined;
    const isLost = code === 'ROLLED_BACK' || head === undefined;
    this.#head = isLost ? head : undefined;
    this.#floor = isLost ? Math.max(this.#floor, known?.revision ?? 0) : 0;
    if (!isLost) this.#id = newLeaseId(this.#options.createId);
  }
}
