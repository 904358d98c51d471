import { type ChecksOf, wholeNumber } from '../../core/shared/option-checks.js';
import { BASE_OPTIONS, type BaseDriverOptions, nonEmptyText, secretText, textThat } from '../base/base-options.js';
import { type TlsOptions, tlsOrOneOf } from '../base/tls-options.js';

/** The options that do not say where the server is. */
export interface PostgresTableOptions extends BaseDriverOptions {
  /** The schema of the table: a letter or `_`, then letters, digits and `_`. Created where there is none. @default 'public' */
  readonly schema?: string;
  /** The table: a letter or `_`, then letters, digits and `_`. Created where there is none. @default 'keyv' */
  readonly table?: string;
  /**
   * Connections at most: 1 to 100. They are made when they are needed, and kept. It bounds how many statements of the
   * driver run at the same time: two groups of commits, and otherwise what goes by itself, as a commit that waits for a
   * lock. Others wait for a connection.
   * @default 10
   */
  readonly poolSize?: number;
  /** The name of the connections in the server's views of its activity. @default 'accountkeeper' */
  readonly applicationName?: string;
  /** `true`: encrypted, and the server verified by the authorities that Node.js trusts. @default false */
  readonly ssl?: boolean | TlsOptions;
}

/** A server by URL, whose query parameters are options as well. */
export interface PostgresUrlOptions extends PostgresTableOptions {
  /** `postgres://user:password@host:5432/database`. What is in it cannot be given beside it. */
  readonly url: string;
  readonly host?: never;
  readonly port?: never;
  readonly database?: never;
  readonly user?: never;
  readonly password?: never;
}

/** A server by its parts. */
export interface PostgresServerOptions extends PostgresTableOptions {
  readonly url?: never;
  /** A name, an address, or the absolute path of a directory with a Unix socket. @default 'localhost' */
  readonly host?: string;
  /** @default 5432 */
  readonly port?: number;
  /** @default as pg has it: `PGDATABASE`, or the user's name */
  readonly database?: string;
  /** @default as pg has it: `PGUSER`, or the user of the process */
  readonly user?: string;
  /** @default as pg has it: `PGPASSWORD`, or a password file */
  readonly password?: string;
}

/** Options of `PostgresDriver`. */
export type PostgresDriverOptions = PostgresUrlOptions | PostgresServerOptions;

/** The options beside a URL, or without one. */
export type PostgresParts = Omit<PostgresServerOptions, 'url'>;

/** The defaults. Options that are not here have the defaults of `pg`. */
export const POSTGRES_DEFAULTS = {
  host: 'localhost',
  port: 5432,
  schema: 'public',
  table: 'keyv',
  poolSize: 10,
  applicationName: 'accountkeeper',
};

const IDENTIFIER = /^[A-Za-z_][A-Za-z0-9_]{0,62}$/;

/** A name that needs no escaping within quotes, and that PostgreSQL does not cut off. */
const identifier = textThat('a letter or _, then up to 62 letters, digits and _', (text) => IDENTIFIER.test(text));

const HOST = /^(?:\/[^\s,@\0]*|[^\s,@/\0]+)$/;

/** The checks of {@link PostgresParts}. */
export const POSTGRES_PARTS: ChecksOf<PostgresParts> = {
  ...BASE_OPTIONS,
  host: textThat('one host: a name, an address, or an absolute path', (text) => HOST.test(text)),
  port: wholeNumber(1, 65_535),
  database: nonEmptyText,
  user: nonEmptyText,
  password: secretText,
  schema: identifier,
  table: identifier,
  poolSize: wholeNumber(1, 100),
  applicationName: nonEmptyText,
  ssl: tlsOrOneOf([true, false]),
};
