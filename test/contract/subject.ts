import type { PersistenceDriver } from '../../src/core/persistence-driver.js';

/** The driver that is tested. */
export interface ContractSubject {
  /** Stands in the names of the tests. */
  readonly name: string;
  /**
   * A new driver, not opened yet, on the same backend at every call. Drivers with different prefixes must be disjoint;
   * every clause uses prefixes of its own, of lower-case letters, digits, `-` and `_`, so the backend can be reused.
   * Give the driver a short lock wait, where it has one: some clauses wait it out.
   */
  createDriver(options?: ContractDriverOptions): PersistenceDriver;
  /** Control over the backend. Clauses that need what is not there are skipped. */
  readonly faults?: ContractFaults;
  /**
   * An ES module (path or `file:` URL, a query included) that default-exports the same `{ name, createDriver }`, on the
   * same backend. A second process imports it: to read what the first one wrote, to be killed, and to exit by itself.
   */
  readonly module?: string | URL;
  /**
   * Node.js options of the second process, such as `['--import', 'tsx']` for a module in TypeScript.
   *
   * @default those of this process
   */
  readonly execArgv?: readonly string[];
  /** Texts that no error may contain, such as the password in the backend's URL. */
  readonly secrets?: readonly string[];
}

/** The options of a subject's `createDriver`. */
export interface ContractDriverOptions {
  readonly prefix?: string;
}

/** Ends what was injected. Called again after it has rejected. */
export type Undo = () => Promise<void>;

/**
 * Makes the backend fail under one open driver, from the resolution on until the returned function is called. Other
 * drivers on the same backend may fail too: no clause uses them meanwhile.
 */
export type Inject = (driver: PersistenceDriver) => Promise<Undo>;

/** Makes a driver that differs from those of `createDriver` in what it may do, or in what it finds. */
export type DriverMaker = (options?: ContractDriverOptions) => Promise<PersistenceDriver>;

/** Control over the backend, all of it optional. Real faults of the real backend, wherever it can be made to have them. */
export interface ContractFaults {
  /** Makes the backend unusable: connections end or fail, and new ones are refused. */
  stop?(): Promise<void>;
  /** Ends `stop`, also one that rejected; everything that was stored is there. Called again after it has rejected. */
  start?(): Promise<void>;
  /** Makes the backend keep its connections and answer nothing. */
  pause?(): Promise<void>;
  /** Ends `pause`, also one that rejected. Called again after it has rejected. */
  resume?(): Promise<void>;
  /** Turns the backend back to an older state, as a restored backup does. Open drivers stay open. */
  readonly rollback?: ContractRollback;
  /** Takes everything out of the backend, as losing its volume does. Open drivers stay open. */
  empty?(): Promise<void>;
  /** Access to what is stored, below the driver. */
  readonly raw?: RawAccess;
  /** Makes commits fail. */
  readonly failCommits?: ContractCommitFailures;
  /** Makes `head`, `load` and `accounts` fail. */
  readonly failReads?: Inject;
  /**
   * A driver, not opened yet, that reaches the same backend with read rights alone: as a user that may only read, or by
   * a file that cannot be written. `false`: the driver does not claim that `open({ access: 'read' })` does with that.
   */
  readonly readOnly?: DriverMaker | false;
  /**
   * A driver, not opened yet, on a backend where nothing was set up: without the file, the schema or the table. `false`:
   * nothing has to be set up in such a backend.
   */
  readonly missing?: DriverMaker | false;
  /**
   * For drivers that claim the durability `host`: whether the backend, as this open driver has set it up, syncs to its
   * disk before it acknowledges. To be read from the backend's effective settings.
   */
  syncsBeforeAcknowledging?(driver: PersistenceDriver): Promise<boolean>;
}

/** Copies of the whole backend. */
export interface ContractRollback {
  snapshot(): Promise<unknown>;
  restore(snapshot: unknown): Promise<void>;
}

/** The moments at which a commit can fail. Reads may fail as well meanwhile. */
export interface ContractCommitFailures {
  /** Before the backend applies anything of it: a lock that somebody else holds, a full disk. */
  readonly before?: Inject;
  /**
   * While a commit is applied, of 200 records that grow to 4 kB each or of what the limits allow: the disk is full after
   * some of them, the connection breaks. Where the backend applies a commit in one indivisible step: when that step
   * begins.
   */
  readonly midway?: Inject;
  /** After the commit has landed: the answer is lost. */
  readonly after?: Inject;
  /** Makes the backend itself refuse commits to that account, and to no other one, until the returned function is called. */
  ofAccount?(prefix: string, accountId: string): Promise<Undo>;
}

/** Access to the store below the driver: texts under keys, of this and of other applications. */
export interface RawAccess {
  get(key: string): Promise<string | undefined>;
  set(key: string, text: string): Promise<void>;
  delete(key: string): Promise<void>;
  keys(): Promise<readonly string[]>;
  /** Under which key the driver keeps an account's head. */
  headKey(prefix: string, accountId: string): string;
  /** Under which key the driver keeps a record. */
  recordKey(prefix: string, accountId: string, record: string): string;
}
