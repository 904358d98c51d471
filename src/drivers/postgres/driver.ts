import type { DriverCapabilities, DriverLimits } from '../../core/persistence-driver.js';
import type { AccessMode, BackendConnection } from '../base/backend-connection.js';
import { BaseDriver } from '../base/base-driver.js';
import type { DriverFactory } from '../base/driver-factory.js';
import type { Operation } from '../base/operation/operation.js';
import { importPostgres, loadPostgres, type PostgresImporter } from './adapter.js';
import type { PostgresConnectSettings } from './connect.js';
import { POSTGRES_DEFAULTS, type PostgresDriverOptions } from './options.js';
import { readPostgresOptions } from './url.js';

export type { TlsOptions as PostgresSslOptions } from '../base/tls-options.js';
export type {
  PostgresDriverOptions,
  PostgresServerOptions,
  PostgresTableOptions,
  PostgresUrlOptions,
} from './options.js';

const CAPABILITIES: DriverCapabilities = {
  durability: 'host',
  atomicCommit: true,
  conditionalCommit: true,
  sharedAcrossProcesses: true,
};

/**
 * The arithmetic: a row of PostgreSQL's index holds 2,704 bytes. A byte of an id takes at most three in a stored key,
 * which is made of a prefix of 128, two ids and six more: 400 bytes each make 2,534.
 *
 * All texts of a commit go to the server as one text, which must fit in a string of V8 (2^29 - 24 UTF-16 units) and in a
 * value of PostgreSQL (1 GiB). A byte of a value takes at most six units there, as a NUL does: 16 MiB of values make at
 * most 96 Mi units.
 */
const LIMITS: DriverLimits = {
  keyBytes: 400,
  valueBytes: 8 * 1024 ** 2,
  batchBytes: 16 * 1024 ** 2,
  batchRecords: 100_000,
};

/**
 * Keeps accounts in a table of a PostgreSQL server (13 or later, the primary), as `@keyv/postgres` does and with its
 * `pg`, on connections of the driver's own; PgBouncer may be in between, in transaction mode. A commit is one statement.
 *
 * A table that is missing is created. Where the user may not do that, an administrator makes it:
 *
 * ```sql
 * CREATE TABLE "public"."keyv" (key text COLLATE "C" PRIMARY KEY, value text);
 * GRANT SELECT, INSERT, UPDATE, DELETE ON "public"."keyv" TO "bot";
 * ```
 *
 * With read access, the right to SELECT is enough.
 *
 * A table of plain Keyv becomes one by `ALTER TABLE "public"."keyv" ALTER COLUMN key TYPE text COLLATE "C"`; plain Keyv
 * goes on working with it.
 */
export class PostgresDriver extends BaseDriver {
  readonly name: string = 'postgres';
  readonly capabilities: DriverCapabilities = CAPABILITIES;
  readonly limits: DriverLimits = LIMITS;
  readonly #settings: PostgresConnectSettings;
  readonly #importer: PostgresImporter;

  /**
   * @param importer for tests: imports the client.
   * @throws `CONFIG`
   */
  constructor(options: PostgresDriverOptions = {}, importer: PostgresImporter = importPostgres) {
    const read = readPostgresOptions(options);
    super(read);
    this.#settings = { ...POSTGRES_DEFAULTS, ...read, layout: this.layout };
    this.#importer = importer;
  }

  protected override async connect(operation: Operation, access: AccessMode): Promise<BackendConnection> {
    const client = await loadPostgres(this.#importer);
    // Only now, because a program without PostgreSQL need not load TLS.
    const { connectPostgres } = await import('./connect.js');
    return connectPostgres(client, this.#settings, operation, access);
  }
}

/** For `postgres:` and `postgresql:`. */
export const makePostgresDriver: DriverFactory = ({ url, options }) =>
  new PostgresDriver((url === undefined ? options : { ...options, url }) as PostgresDriverOptions);
