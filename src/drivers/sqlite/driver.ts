import { resolve } from 'node:path';
import type { DriverCapabilities, DriverLimits } from '../../core/persistence-driver.js';
import { type ChecksOf, duration, oneOf, readOptions } from '../../core/shared/option-checks.js';
import type { AccessMode, BackendConnection } from '../base/backend-connection.js';
import { BaseDriver } from '../base/base-driver.js';
import { BASE_OPTIONS, type BaseDriverOptions, textThat } from '../base/base-options.js';
import type { Operation } from '../base/operation/operation.js';
import { importSqlite, loadSqlite, type SqliteImporter } from './adapter.js';
import { connectSqlite, type SqliteSettings, SYNCHRONOUS, type Synchronous } from './connect.js';
import { IN_MEMORY } from './file.js';

/** Options of {@link SqliteDriver}. */
export interface SqliteDriverOptions extends BaseDriverOptions {
  /**
   * The file, relative to the current directory or absolute; created where there is none, in a directory that exists.
   * `:memory:`: a database of the driver's own that ends with it.
   */
  readonly path: string;
  /** The table: a letter, then letters, digits and `_`. Created where there is none. @default 'keyv' */
  readonly table?: string;
  /**
   * When SQLite makes the operating system write. `FULL`: before each commit is acknowledged, so that it survives a
   * failure of the host. `NORMAL` and `OFF`: later, so that it survives the process only; `open` warns then.
   *
   * @default 'FULL'
   */
  readonly synchronous?: Synchronous;
  /** Milliseconds to wait for a lock that another connection holds, before `UNAVAILABLE`. @default 5000 */
  readonly busyTimeoutMs?: number;
}

const TABLE_NAME = /^[A-Za-z][A-Za-z0-9_]{0,62}$/;

/** The checks of {@link SqliteDriverOptions}. */
export const SQLITE_OPTIONS: ChecksOf<SqliteDriverOptions> = {
  ...BASE_OPTIONS,
  path: textThat('the path of a file, or :memory:', (text) => text !== '' && !text.includes('\0')),
  table: textThat(
    'a letter, then up to 62 letters, digits and _, not beginning with sqlite_',
    (text) => TABLE_NAME.test(text) && !/^sqlite_/i.test(text),
  ),
  synchronous: oneOf(SYNCHRONOUS),
  busyTimeoutMs: duration(0),
};

/**
 * The arithmetic: a commit goes to SQLite as one blob of all its texts, which must fit in a value of SQLite (10^9
 * bytes), and as JSON texts of its keys, each of which must fit in a string of V8 (2^29 - 24 UTF-16 units, just under
 * 512 Mi). A byte of a value takes at most 7 bytes in the blob (a NUL becomes the six of an escape, whose backslash is
 * escaped again), a record 25 more: 16 MiB of values, and 8 MiB of `meta` in the expected head, make at most 171 MiB.
 * A byte of a key takes at most 3 units of JSON, and a record 24 more: 16 MiB of keys make less than 51 Mi. What goes
 * in one group with other accounts is far smaller.
 */
const LIMITS: DriverLimits = {
  keyBytes: 8192,
  valueBytes: 8 * 1024 ** 2,
  batchBytes: 16 * 1024 ** 2,
  batchRecords: 100_000,
};

/**
 * Keeps accounts in an SQLite file, as `@keyv/sqlite` does and with its `sqlite3`, in WAL mode. Several processes can
 * use one file at the same time, on one host; a network file system will not do.
 *
 * With read access, a file and a directory that can only be read are enough. Two things cannot work there: a file
 * whose writer left a `-wal` file without a `-shm` file, as in a copy of those two, and one whose writer was killed in
 * another journal mode than WAL; both reject `UNAVAILABLE` until it has been opened for writing once.
 */
export class SqliteDriver extends BaseDriver {
  readonly name: string = 'sqlite';
  readonly capabilities: DriverCapabilities;
  readonly limits: DriverLimits = LIMITS;
  readonly #settings: SqliteSettings;
  readonly #importer: SqliteImporter;

  /**
   * @param importer for tests: imports what opens databases.
   * @throws `CONFIG`
   */
  constructor(options: SqliteDriverOptions, importer: SqliteImporter = importSqlite) {
    const read = readOptions('', SQLITE_OPTIONS, options);
    const { path, table = 'keyv', synchronous = 'FULL', busyTimeoutMs = 5000, ...base } = read;
    super(base);
    const given = SQLITE_OPTIONS.path('path', path);
    const resolved = given === IN_MEMORY ? given : resolve(given);
    this.#settings = { path: resolved, table, synchronous, busyTimeoutMs, layout: this.layout };
    this.#importer = importer;
    this.capabilities = capabilitiesOf(this.#settings);
  }

  protected override async connect(operation: Operation, access: AccessMode): Promise<BackendConnection> {
    const open = await loadSqlite(this.#importer);
    return connectSqlite(open, this.#settings, operation, access);
  }
}

function capabilitiesOf({ path, synchronous }: SqliteSettings): DriverCapabilities {
  const inMemory = path === IN_MEMORY;
  const synced = synchronous === 'FULL' || synchronous === 'EXTRA';
  return {
    durability: inMemory ? 'none' : synced ? 'host' : 'process',
    atomicCommit: true,
    conditionalCommit: true,
    sharedAcrossProcesses: !inMemory,
  };
}
