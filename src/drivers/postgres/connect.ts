import { checkServerIdentity } from 'node:tls';
import { AccountKeeperError } from '../../core/errors.js';
import type { DriverWarning } from '../../core/persistence-driver.js';
import type { AccessMode } from '../base/backend-connection.js';
import type { KeyLayout } from '../base/key-layout.js';
import type { Operation } from '../base/operation/operation.js';
import { readPem } from '../base/tls-options.js';
import type { PgClientClass, PgSslConfig, PostgresRow } from './adapter.js';
import { PostgresConnection } from './connection.js';
import { sqlState } from './errors.js';
import type { POSTGRES_DEFAULTS } from './options.js';
import { PostgresPool } from './pool.js';
import { INSPECT, type PostgresStatements, postgresStatements } from './statements.js';
import type { PostgresSettings, TlsSettings } from './url.js';

/** Everything that connecting depends on. */
export type PostgresConnectSettings = PostgresSettings & typeof POSTGRES_DEFAULTS & { readonly layout: KeyLayout };

const CREATE_ATTEMPTS = 5;

/** The errors when two sessions create the same object at the same time, with or without `IF NOT EXISTS`. */
const CREATED_BY_ANOTHER: ReadonlySet<string | undefined> = new Set(['23505', '42P06', '42P07', '42710']);

/**
 * Connects, creates what is missing, and verifies that the server can keep what the driver promises: it is a primary
 * that can be written, and the table is one that keeps texts by key, in the order of their bytes, for this user, after
 * a crash. To be read, the table has to be there, and the right to read it is enough.
 */
export async function connectPostgres(
  Client: PgClientClass,
  settings: PostgresConnectSettings,
  operation: Operation,
  access: AccessMode,
): Promise<PostgresConnection> {
  const { host, port, database, user, password, tls, schema, table, poolSize, applicationName, layout } = settings;
  const where = `${host.includes(':') ? `[${host}]` : host}:${port}${database === undefined ? '' : `/${database}`}`;
  const ssl = tls === undefined ? (false as const) : await sslConfig(tls);
  const server = { host, port, database, user, password, ssl, application_name: applicationName };
  const pool = new PostgresPool({ Client, server, size: poolSize, where });
  try {
    const statements = postgresStatements(schema, table);
    const facts = await prepare(pool, statements, settings, where, operation, access);
    return new PostgresConnection({ pool, statements, layout, where, warnings: warningsOf(facts, tls) });
  } catch (error) {
    await pool.end();
    throw error;
  }
}

async function sslConfig({ verify, caFile, servername, ...given }: TlsSettings): Promise<PgSslConfig> {
  return {
    ...given,
    ...(caFile === undefined ? {} : { ca: await readPem('sslrootcert', caFile, 'UNAVAILABLE') }),
    ...(servername === undefined ? {} : { servername }),
    rejectUnauthorized: verify !== 'nothing',
    checkServerIdentity: (host, certificate) =>
      verify === 'name' ? checkServerIdentity(servername ?? host, certificate) : undefined,
  };
}

/** @returns what the server says about itself and the table */
async function prepare(
  pool: PostgresPool,
  statements: PostgresStatements,
  { schema, table }: PostgresConnectSettings,
  where: string,
  operation: Operation,
  access: AccessMode,
): Promise<PostgresRow> {
  for (let attempt = 1; ; attempt += 1) {
    const inspection = { text: INSPECT, values: [schema, table], purpose: 'inspecting' } as const;
    const [facts] = await pool.query(inspection, operation);
    if (facts === undefined) throw unusable(where, 'it says nothing about itself', 'retryable');
    checkServer(facts, where, access);
    if (facts['kind'] !== null) {
      checkTable(facts, statements, where, access);
      return facts;
    }
    if (access === 'read') {
      const message = `table: expected a table to read, received ${statements.table}, which is not there in ${where}`;
      throw new AccountKeeperError('CONFIG', message);
    }
    const text = facts['has_schema'] === 'true' ? statements.createTable : statements.createSchema;
    try {
      await pool.query({ text, values: [], purpose: 'creating the table in' }, operation);
    } catch (error) {
      if (sqlState(error) === '42501') throw mayNotCreate(error, statements, facts, where);
      if (!CREATED_BY_ANOTHER.has(sqlState(error)) || attempt >= CREATE_ATTEMPTS) throw error;
    }
  }
}

function checkServer(facts: PostgresRow, where: string, access: AccessMode): void {
  if (facts['standby'] !== 'false') throw unusable(where, 'it is a standby', 'retryable');
  if (access === 'write' && facts['read_only'] !== 'off')
    throw unusable(where, 'its transactions are read-only', 'retryable');
  if (facts['encoding'] !== 'UTF8') {
    throw unusable(where, `expected a database whose encoding is UTF8, received ${facts['encoding']}`, 'final');
  }
}

function checkTable(facts: PostgresRow, statements: PostgresStatements, where: string, access: AccessMode): void {
  const { table, alterKey, grant } = statements;
  const wrong = (what: string, remedy: string): AccountKeeperError =>
    new AccountKeeperError('CONFIG', `table: received ${table}, ${what} in ${where}; ${remedy}`);
  const isTable = facts['kind'] === 'r' || facts['kind'] === 'p';
  const textKey = facts['key_type'] === 'text' || facts['key_type']?.startsWith('character varying') === true;
  if (!isTable || !textKey || facts['value_type'] !== 'text' || facts['needs_more'] !== 'false') {
    throw wrong(
      'which is something other than a table with the columns key (unique) and value, both text,',
      'expected a new table, or one of that shape',
    );
  }
  if (facts['key_type'] !== 'text' || facts['key_collation'] !== 'C') {
    throw wrong(
      `whose key is ${facts['key_type']} with the collation ${facts['key_collation']}`,
      `expected text with the collation C. Use another table, or run: ${alterKey}`,
    );
  }
  if (facts['key_unique'] !== 'true') throw wrong('whose key is not unique', 'expected a key that is unique alone');
  if (facts['unlogged'] !== null) {
    const setLogged = `ALTER TABLE ${facts['unlogged']} SET LOGGED`;
    throw wrong(
      'which is unlogged, or has a partition that is: a crash empties it,',
      `use another, or run: ${setLogged}`,
    );
  }
  if (facts['has_rules'] !== 'false') throw wrong('which has rules', 'expected a table without rules');
  if (facts['row_security'] !== 'false') {
    throw wrong(
      `whose rows are filtered for the user ${facts['role']}`,
      'expected a user for whom row security is not active on it',
    );
  }
  if (facts['may_read'] !== 'true' || (access === 'write' && facts['may_write'] !== 'true')) {
    const message = `the user ${facts['role']} may not ${access} ${table}. To permit it: ${grant} TO "${facts['role']}"`;
    throw unusable(where, message, 'final');
  }
}

function warningsOf(facts: PostgresRow, tls: TlsSettings | undefined): readonly DriverWarning[] {
  const warnings: DriverWarning[] = [];
  const warn = (code: string, message: string): void => void warnings.push({ code, message });
  if (facts['synchronous_commit'] === 'off') {
    warn('synchronous-commit-off', 'synchronous_commit is off: the last acknowledged commits can be lost in a crash');
  }
  if (facts['fsync'] === 'off') {
    warn('fsync-off', 'fsync is off: when the host of the server fails, the database can be lost');
  }
  if (facts['full_page_writes'] === 'off') {
    warn('full-page-writes-off', 'full_page_writes is off: when the host of the server fails, pages can be damaged');
  }
  if (facts['has_triggers'] === 'true') {
    warn('table-has-triggers', 'the table has triggers, which can change or undo what is stored or deleted');
  }
  if (tls?.verify === 'nothing') {
    warn('tls-unverified', 'the connection is encrypted, but nothing says that it leads to the right server');
  }
  return warnings;
}

function mayNotCreate(
  cause: unknown,
  { createTable, grant }: PostgresStatements,
  facts: PostgresRow,
  where: string,
): AccountKeeperError {
  const why =
    `there is no such table, and the user ${facts['role']} may not create it. ` +
    `To make it: ${createTable}; ${grant} TO "${facts['role']}"`;
  return unusable(where, why, 'final', cause);
}

function unusable(where: string, why: string, future: 'retryable' | 'final', cause?: unknown): AccountKeeperError {
  return new AccountKeeperError('UNAVAILABLE', `opening ${where}: ${why}`, {
    retryable: future === 'retryable',
    cause,
  });
}
