import { createRequire } from 'node:module';
import type { Socket } from 'node:net';
import { AccountKeeperError } from '../core/errors.js';
import type { Operation } from './operation.js';
import type { PgSslConfig } from './postgres-tls.js';

/** A row, all of whose values are texts. */
export type PostgresRow = Readonly<Record<string, string | null>>;

/** What a client of `pg` is made from. */
export interface PgClientConfig {
  readonly host: string;
  readonly port: number;
  readonly database?: string | undefined;
  readonly user?: string | undefined;
  readonly password?: string | undefined;
  readonly ssl: PgSslConfig | false;
  readonly application_name: string;
  readonly keepAlive: boolean;
  readonly keepAliveInitialDelayMillis: number;
  readonly stream: () => Socket;
  readonly types: { getTypeParser(): (value: unknown) => string };
}

/** What the driver needs of a client of `pg`. */
export interface PgClient {
  /** With the key, what a request to cancel names the session by; `null` until there is one. */
  readonly processID: number | null;
  readonly secretKey: number | null;
  connect(): Promise<unknown>;
  query(query: { readonly text: string; readonly values: readonly unknown[] }): Promise<unknown>;
  end(): Promise<void>;
  ref(): void;
  unref(): void;
  on(event: 'error' | 'end' | 'notice', listener: (message?: unknown) => void): unknown;
}

/** The class `Client` of `pg`. */
export type PgClientClass = new (config: PgClientConfig) => PgClient;

/** What the driver needs of the class `KeyvPostgres`. */
export interface KeyvPostgresBase {
  connect(): Promise<(sql: string, values?: readonly unknown[]) => Promise<unknown>>;
  disconnect(): Promise<void>;
}

/** What the driver needs of `@keyv/postgres`, and of the `pg` that it depends on. */
export interface PostgresModules {
  readonly KeyvPostgres: new (options: { readonly schema: string; readonly table: string }) => KeyvPostgresBase;
  readonly Client: PgClientClass;
}

/** Imports `@keyv/postgres` and its `pg`. */
export type PostgresImporter = () => Promise<PostgresModules>;

/** What a statement is for. It stands in messages; `writing` alone can leave something behind. */
export type StatementPurpose = 'inspecting' | 'creating the table in' | 'reading' | 'writing';

/** The connections of one driver. */
export interface PostgresQueries {
  /** @param verify throws when the answer is one that its connection should not have given */
  query(
    sql: string,
    values: readonly unknown[],
    purpose: StatementPurpose,
    operation: Operation,
    verify?: (rows: readonly PostgresRow[]) => void,
  ): Promise<readonly PostgresRow[]>;
  end(): Promise<void>;
}

/** An instance of `KeyvPostgres` on connections of its own. */
export interface PostgresAdapter {
  query: PostgresQueries['query'];
  disconnect(): Promise<void>;
}

const INSTALL = 'npm install keyv@^5.6.0 @keyv/postgres@^2.2.3';

/** The importer of the installed packages. */
export const importKeyvPostgres: PostgresImporter = async () => {
  const { KeyvPostgres } = await import('@keyv/postgres');
  // The adapter's own pg: nothing else has to be installed, also where packages see their own dependencies only.
  const adapterPath = createRequire(import.meta.url).resolve('@keyv/postgres');
  const { Client } = createRequire(adapterPath)('pg') as { readonly Client: PgClientClass };
  return { KeyvPostgres, Client };
};

/** @throws `NOT_INSTALLED` with the command that installs it */
export async function loadPostgresModules(importer: PostgresImporter): Promise<PostgresModules> {
  try {
    const { KeyvPostgres, Client } = await importer();
    if (typeof KeyvPostgres !== 'function') throw new TypeError('@keyv/postgres has no export KeyvPostgres');
    if (typeof Client !== 'function') throw new TypeError('pg has no export Client');
    return { KeyvPostgres, Client };
  } catch (cause) {
    throw new AccountKeeperError(
      'NOT_INSTALLED',
      `the PostgreSQL driver needs a package that could not be imported. To install it: ${INSTALL}`,
      { cause },
    );
  }
}

/**
 * Makes an adapter that uses the given connections. `KeyvPostgres` by itself has one pool for the whole process, and
 * creates its table when it is constructed, with names unquoted: neither happens here.
 */
export function makePostgresAdapter(
  { KeyvPostgres }: PostgresModules,
  names: { readonly schema: string; readonly table: string },
  connections: PostgresQueries,
): PostgresAdapter {
  class OwnConnections extends KeyvPostgres implements PostgresAdapter {
    /** Takes the place of the one that the base class makes when it is constructed. */
    query: PostgresQueries['query'] = (...statement) => connections.query(...statement);

    /** Called by the constructor of the base class, for its CREATE TABLE alone. */
    override async connect(): Promise<() => Promise<unknown>> {
      return async () => [];
    }

    override disconnect(): Promise<void> {
      return connections.end();
    }
  }
  return new OwnConnections(names);
}
