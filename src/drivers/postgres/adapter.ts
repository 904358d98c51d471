import { createRequire } from 'node:module';
import type { Socket } from 'node:net';
import type { PeerCertificate } from 'node:tls';
import { AccountKeeperError } from '../../core/errors.js';
import type { TlsOptions } from '../base/tls-options.js';

/** A row, all of whose values are texts. */
export type PostgresRow = Readonly<Record<string, string | null>>;

/** The option `ssl` of the client. */
export interface PgSslConfig extends TlsOptions {
  readonly checkServerIdentity: (host: string, certificate: PeerCertificate) => Error | undefined;
}

/** Which server a client of `pg` connects to, and as whom. */
export interface PgServer {
  readonly host: string;
  readonly port: number;
  readonly database?: string | undefined;
  readonly user?: string | undefined;
  readonly password?: string | undefined;
  readonly ssl: PgSslConfig | false;
  readonly application_name: string;
}

/** The settings of a client of `pg`. */
export interface PgClientConfig extends PgServer {
  readonly keepAlive: boolean;
  readonly keepAliveInitialDelayMillis: number;
  readonly stream: () => Socket;
  readonly types: { getTypeParser(): (value: unknown) => string };
}

/** A statement for a client of `pg`. */
export interface PgStatement {
  readonly text: string;
  readonly values: readonly unknown[];
  /** The server parses it once in a session, and keeps it under this name. */
  readonly name?: string;
}

/** The methods that the driver uses of a client of `pg`. */
export interface PgClient {
  /** With the key, what a request to cancel names the session by; `null` until there is one. */
  readonly processID: number | null;
  readonly secretKey: number | null;
  connect(): Promise<unknown>;
  query(statement: PgStatement): Promise<{ readonly rows: readonly PostgresRow[] }>;
  end(): Promise<void>;
  ref(): void;
  unref(): void;
  on(event: 'error' | 'end' | 'notice', listener: (message?: unknown) => void): unknown;
}

/** The class `Client` of `pg`. */
export type PgClientClass = new (config: PgClientConfig) => PgClient;

/** Imports it. */
export type PostgresImporter = () => Promise<PgClientClass>;

const INSTALL = 'npm install keyv@^5.6.0 @keyv/postgres@^2.2.3';

/**
 * The importer of the installed package: the `pg` that `@keyv/postgres` brings along. The adapter itself has one pool for
 * the whole process, and creates its table when it is constructed, with names unquoted.
 */
export const importPostgres: PostgresImporter = async () => {
  const adapterPath = createRequire(import.meta.url).resolve('@keyv/postgres');
  const { Client } = createRequire(adapterPath)('pg') as { readonly Client: PgClientClass };
  return Client;
};

/** @throws `NOT_INSTALLED` with the command that installs it */
export async function loadPostgres(importer: PostgresImporter): Promise<PgClientClass> {
  try {
    const Client = await importer();
    if (typeof Client !== 'function') throw new TypeError('pg has no export Client');
    return Client;
  } catch (cause) {
    throw new AccountKeeperError(
      'NOT_INSTALLED',
      `the PostgreSQL driver needs a package that could not be imported. To install it: ${INSTALL}`,
      { cause },
    );
  }
}
