import type { DriverCapabilities, PersistenceDriver } from '../../src/core/persistence-driver.js';
import { AccountWriter } from './account-writer.js';
import { Random } from './random.js';
import { SecondProcess } from './second-process-client.js';
import type { ContractDriverOptions, ContractFaults, ContractSubject, Inject } from './subject.js';

/** What a scope is made of. */
export interface ClauseScopeParts {
  readonly subject: ContractSubject;
  readonly capabilities: DriverCapabilities;
  readonly clauseId: string;
  /** Differs between runs, so that they can share a backend. Lower-case letters and digits. */
  readonly run: string;
  readonly seed: number;
  /** What operations are given against a backend that does not answer, in milliseconds. */
  readonly deadlineMs: number;
}

const CLOSE_TIMEOUT_MS = 5000;

/** What one clause works with: drivers, names of its own, numbers from the seed. Closes whatever it made. */
export class ClauseScope {
  readonly subject: ContractSubject;
  readonly capabilities: DriverCapabilities;
  readonly faults: ContractFaults;
  readonly random: Random;
  /** The prefix of the drivers that are given none. */
  readonly prefix: string;
  /** What operations are given against a backend that does not answer, in milliseconds. */
  readonly deadlineMs: number;
  readonly #drivers: PersistenceDriver[] = [];
  readonly #cleanups: (() => Promise<void>)[] = [];
  /** What ends the faults that are in effect. */
  readonly #faulty = new Set<() => Promise<void>>();
  #last = 0;

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
    const driver = this.subject.createDriver({ prefix: this.prefix, ...options });
    this.#drivers.push(driver);
    return driver;
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
    const process = await SecondProcess.start(this.subject, this.prefix);
    this.#cleanups.push(() => process.kill());
    return process;
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
    return this.#until(await inject(driver), work);
  }

  /** Runs `work` while the backend is stopped, and starts it in any case. */
  async whileStopped<T>(work: () => Promise<T>): Promise<T> {
    await this.faults.stop?.();
    return this.#until(async () => this.faults.start?.(), work);
  }

  /** Runs `work` while the backend is paused, and lets it go on in any case. */
  async whilePaused<T>(work: () => Promise<T>): Promise<T> {
    await this.faults.pause?.();
    return this.#until(async () => this.faults.resume?.(), work);
  }

  /** Ends the faults, closes the drivers and ends the processes. Rejects with the first error, after all of them. */
  async end(): Promise<void> {
    // A clause that ran into its limit has left them; what comes next needs a backend that works.
    const faults = await Promise.allSettled(Array.from(this.#faulty, (undo) => undo()));
    const ends = [
      ...this.#cleanups.splice(0).map((cleanup) => cleanup()),
      ...this.#drivers.splice(0).map((driver) => closeBounded(driver)),
    ];
    for (const result of [...faults, ...(await Promise.allSettled(ends))]) {
      if (result.status === 'rejected') throw result.reason;
    }
  }

  async #until<T>(end: () => Promise<void>, work: () => Promise<T>): Promise<T> {
    const undo = async (): Promise<void> => {
      if (this.#faulty.delete(undo)) await end();
    };
    this.#faulty.add(undo);
    try {
      return await work();
    } finally {
      await undo();
    }
  }
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
