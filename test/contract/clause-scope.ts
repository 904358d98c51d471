import type { DriverCapabilities, PersistenceDriver } from '../../src/core/persistence-driver.js';
import { AccountWriter } from './account-writer.js';
import { CallLog } from './call-log.js';
import { Random } from './random.js';
import { SecondProcess } from './second-process-client.js';
import type { ContractDriverOptions, ContractFaults, ContractSubject, Inject, Undo } from './subject.js';

/** The parts of a scope. */
export interface ClauseScopeParts {
  readonly subject: ContractSubject;
  readonly capabilities: DriverCapabilities;
  readonly clauseId: string;
  /** Differs between runs, so that they can share a backend. Lower-case letters and digits. */
  readonly run: string;
  readonly seed: number;
  /** The deadline of operations against a backend that does not answer, in milliseconds. */
  readonly deadlineMs: number;
}

const CLOSE_TIMEOUT_MS = 5000;

/** How long the beginning of a fault is awaited before it is ended nevertheless. */
const BEGIN_TIMEOUT_MS = 60_000;

/** The tools of one clause: drivers, unique names, numbers from the seed. Closes everything that it made. */
export class ClauseScope {
  readonly subject: ContractSubject;
  readonly capabilities: DriverCapabilities;
  readonly faults: ContractFaults;
  readonly random: Random;
  /** The prefix of the drivers that are given none. */
  readonly prefix: string;
  /** The deadline of operations against a backend that does not answer, in milliseconds. */
  readonly deadlineMs: number;
  /** The calls of the drivers that were made. */
  readonly calls: CallLog = new CallLog();
  readonly #drivers: PersistenceDriver[] = [];
  readonly #cleanups: (() => Promise<void>)[] = [];
  /** Ends the faults that have begun, or failed to begin, and are not known to have ended. */
  readonly #faulty = new Set<Undo>();
  #last = 0;
  #hasEnded = false;

  constructor({ subject, capabilities, clauseId, run, seed, deadlineMs }: ClauseScopeParts) {
    this.subject = subject;
    this.capabilities = capabilities;
    this.faults = subject.faults ?? {};
    this.random = new Random(seed, clauseId);
    this.deadlineMs = deadlineMs;
    this.prefix = `ct-${run}-${clauseId.toLowerCase()}`;
  }

  /** A name that this clause has not used. */
  unique(name: string): string {
    this.#last += 1;
    return `${this.prefix}-${name}-${this.#last}`;
  }

  /** A driver that was not opened. */
  driver(options: ContractDriverOptions = {}): PersistenceDriver {
    this.#refuseAfterEnd();
    return this.adopt(this.subject.createDriver({ prefix: this.prefix, ...options }));
  }

  /** Takes over a driver that the subject has made in another way: it is closed at the end, like the others. */
  adopt(driver: PersistenceDriver): PersistenceDriver {
    this.#drivers.push(driver);
    return this.calls.watched(driver);
  }

  /** A driver that was opened. */
  async open(options: ContractDriverOptions = {}): Promise<PersistenceDriver> {
    const driver = this.driver(options);
    await driver.open();
    return driver;
  }

  /** A writer of an account that was never written, or the one with this id. */
  writer(driver: PersistenceDriver, accountId: string = this.unique('account')): AccountWriter {
    return new AccountWriter(this, driver, accountId);
  }

  /** A process of its own with a driver on the same backend. */
  async process(): Promise<SecondProcess> {
    this.#refuseAfterEnd();
    const starting = SecondProcess.start(this.subject, this.prefix);
    // Registered before it has started, so that a limit that strikes meanwhile leaves none behind.
    this.#cleanups.push(() =>
      starting.then(
        (process) => process.kill(),
        () => undefined,
      ),
    );
    return starting;
  }

  /** Whether the subject can stop its backend, and start it. */
  get canStop(): boolean {
    return this.faults.stop !== undefined && this.faults.start !== undefined;
  }

  /** Whether the subject can pause its backend, and let it go on. */
  get canPause(): boolean {
    return this.faults.pause !== undefined && this.faults.resume !== undefined;
  }

  /** Runs `work` while a fault is in effect, and ends the fault in any case. */
  async during<T>(inject: Inject, driver: PersistenceDriver, work: () => Promise<T>): Promise<T> {
    let undo: Undo | undefined;
    const begin = async (): Promise<void> => {
      undo = await inject(this.calls.unwatched(driver));
    };
    return this.#whileFaulty(begin, async () => undo?.(), work);
  }

  /** Runs `work` while the backend is stopped, and starts it in any case, even if stopping it failed. */
  async whileStopped<T>(work: () => Promise<T>): Promise<T> {
    const { faults } = this;
    return this.#whileFaulty(
      async () => faults.stop?.(),
      async () => faults.start?.(),
      work,
    );
  }

  /** Runs `work` while the backend is paused, and lets it go on in any case, even if pausing it failed. */
  async whilePaused<T>(work: () => Promise<T>): Promise<T> {
    const { faults } = this;
    return this.#whileFaulty(
      async () => faults.pause?.(),
      async () => faults.resume?.(),
      work,
    );
  }

  /**
   * Ends the faults, closes the drivers and ends the processes. Rejects with the first error, after all of them. A clause
   * that is still running, because its limit has struck, can make nothing anew from then on.
   */
  async end(): Promise<void> {
    this.#hasEnded = true;
    // The next clause needs a working backend: a fault that could not be ended gets a second chance.
    const faults = await Promise.allSettled(Array.from(this.#faulty, (undo) => undo().catch(() => undo())));
    const ends = [
      ...this.#cleanups.splice(0).map((cleanup) => cleanup()),
      ...this.#drivers.splice(0).map((driver) => closeBounded(driver)),
    ];
    for (const result of [...faults, ...(await Promise.allSettled(ends))]) {
      if (result.status === 'rejected') throw result.reason;
    }
  }

  /** The fault is on record from before it begins until it has ended, so that {@link end} misses none. */
  async #whileFaulty<T>(begin: () => Promise<void>, end: () => Promise<void>, work: () => Promise<T>): Promise<T> {
    this.#refuseAfterEnd();
    const begun = begin();
    const undo = once(async () => {
      await settledOrLate(begun, BEGIN_TIMEOUT_MS);
      await end();
      this.#faulty.delete(undo);
    });
    this.#faulty.add(undo);
    let result: T;
    try {
      await begun;
      this.#refuseAfterEnd();
      result = await work();
    } catch (error) {
      // Says more than what became of the fault, which is ended again at the end of the clause.
      await undo().catch(() => undefined);
      throw error;
    }
    await undo();
    return result;
  }

  #refuseAfterEnd(): void {
    if (this.#hasEnded) throw new Error('the clause has ended');
  }
}

/** Runs it once, also if it is asked for while it runs; again only after it has failed. */
function once(work: () => Promise<void>): Undo {
  let running: Promise<void> | undefined;
  return () => {
    running ??= work().catch((error: unknown) => {
      running = undefined;
      throw error;
    });
    return running;
  };
}

/** Resolves when the promise has settled, whichever way, or the time is up. */
async function settledOrLate(promise: Promise<unknown>, limitMs: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, limitMs);
  });
  await Promise.race([Promise.allSettled([promise]), late]);
  clearTimeout(timer);
}

/** Does not rely on the driver's own deadline. */
async function closeBounded(driver: PersistenceDriver): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<never>((_resolve, reject) => {
    const late = (): void => reject(new Error(`close() has not settled after ${2 * CLOSE_TIMEOUT_MS} ms`));
    timer = setTimeout(late, 2 * CLOSE_TIMEOUT_MS);
  });
  try {
    await Promise.race([driver.close({ timeoutMs: CLOSE_TIMEOUT_MS }), limit]);
  } finally {
    clearTimeout(timer);
  }
}
