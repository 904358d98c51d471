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
  readonly #drivers: PersistenceDriver[] = [];
  readonly #cleanups: (() => Promise<void>)[] = [];
  #last = 0;

  constructor({ subject, capabilities, clauseId, run, seed }: ClauseScopeParts) {
    this.subject = subject;
    this.capabilities = capabilities;
    this.faults = subject.faults ?? {};
    this.random = new Random(seed, clauseId);
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

  /** Runs `work` while a fault is in effect, and ends the fault in any case. */
  async during<T>(inject: Inject, driver: PersistenceDriver, work: () => Promise<T>): Promise<T> {
    const undo = await inject(driver);
    try {
      return await work();
    } finally {
      await undo();
    }
  }

  /** Runs `work` while the backend is stopped, and starts it in any case. */
  async whileStopped<T>(work: () => Promise<T>): Promise<T> {
    await this.faults.stop?.();
    try {
      return await work();
    } finally {
      await this.faults.start?.();
    }
  }

  /** Closes the drivers and ends the processes. Rejects with the first error, after all of them. */
  async end(): Promise<void> {
    const ends = [
      ...this.#cleanups.splice(0).map((cleanup) => cleanup()),
      ...this.#drivers.splice(0).map((driver) => closeBounded(driver)),
    ];
    for (const result of await Promise.allSettled(ends)) if (result.status === 'rejected') throw result.reason;
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
