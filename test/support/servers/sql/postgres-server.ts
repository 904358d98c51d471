import { execFile } from 'node:child_process';
import { appendFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type Place, PrivateServer, type ServerKind } from '../private-server.js';
import { serverProgram } from '../server-programs.js';
import { type SystemUser, unprivilegedUser } from '../system-user.js';
import type { TestServer } from '../test-server.js';
import { queryPostgres, type SqlAddress, type SqlRow } from './postgres-client.js';

export interface PostgresOptions {
  /** Further lines of postgresql.conf: `'max_connections = 20'`. */
  readonly config?: readonly string[];
  /** Owned by the user of the URL. @default 'accountkeeper' */
  readonly database?: string;
}

export interface PostgresTestServer extends TestServer {
  /** Of the postmaster; undefined while it does not run. */
  readonly pid: number | undefined;
  /** Where its files are, its Unix socket among them. */
  readonly folder: string;
  readonly database: string;
  /** The owner of the database, who is no superuser, and logs in with SCRAM. */
  readonly user: string;
  readonly password: string;
  /** Runs one statement as superuser, in the same database, over a connection of its own. */
  query(sql: string, values?: readonly unknown[]): Promise<readonly SqlRow[]>;
  /** Stop, then start. */
  restart(): Promise<void>;
}

const superuser = 'postgres';

/** Starts a PostgreSQL server in a folder of its own, with the defaults of its release. */
export async function startPostgres(options: PostgresOptions = {}): Promise<PostgresTestServer> {
  const server = await new PostgresServer(options).create();
  try {
    await server.makeDatabase();
    return server;
  } catch (error) {
    await server.dispose();
    throw error;
  }
}

class PostgresServer extends PrivateServer implements PostgresTestServer {
  readonly database: string;
  readonly user: string = 'keeper';
  readonly password: string = 'keeper-secret';

  constructor({ config = [], database = 'accountkeeper' }: PostgresOptions) {
    super(postgresKind(config, unprivilegedUser()));
    this.database = database;
  }

  override get url(): string {
    const { user, password, host, port, database } = this;
    return `postgres://${user}:${password}@${host}:${port}/${encodeURIComponent(database)}`;
  }

  query(sql: string, values: readonly unknown[] = []): Promise<readonly SqlRow[]> {
    return queryPostgres(superuserAddress(this.place, this.database), sql, values);
  }

  async restart(): Promise<void> {
    await this.stop();
    await this.start();
  }

  async makeDatabase(): Promise<void> {
    const address = superuserAddress(this.place, 'postgres');
    await queryPostgres(address, `CREATE ROLE ${this.user} LOGIN PASSWORD '${this.password}'`);
    await queryPostgres(address, `CREATE DATABASE "${this.database.replaceAll('"', '""')}" OWNER ${this.user}`);
  }
}

function postgresKind(config: readonly string[], user: SystemUser | undefined): ServerKind {
  return {
    name: 'postgres',
    user,
    // "Fast": it ends the sessions of its clients, and writes a checkpoint.
    stopSignal: 'SIGINT',
    url: ({ host, port }) => `postgres://${host}:${port}`,
    prepare: (place) => makeCluster(place, config, user),
    command: (place) => [serverProgram('postgres'), '-D', dataFolder(place)],
    answers: async (place) => {
      await queryPostgres(superuserAddress(place, 'postgres'), 'SELECT 1', [], { timeoutMs: 2_000 });
      return true;
    },
  };
}

async function makeCluster(place: Place, config: readonly string[], user: SystemUser | undefined): Promise<void> {
  const data = dataFolder(place);
  rmSync(data, { recursive: true, force: true });
  const login = ['--username', superuser, '--auth-local=trust', '--auth-host=scram-sha-256'];
  const locale = ['--encoding=UTF8', '--locale=C.UTF-8'];
  await promisify(execFile)(serverProgram('initdb'), ['--no-sync', ...login, ...locale, '-D', data], {
    cwd: place.folder,
    ...user,
  });
  const lines = [
    `listen_addresses = '${place.host}'`,
    `port = ${place.port}`,
    `unix_socket_directories = '${place.folder.replaceAll("'", "''")}'`,
    'max_connections = 200',
    ...config,
  ];
  appendFileSync(join(data, 'postgresql.conf'), `\n${lines.join('\n')}\n`);
}

function dataFolder({ folder }: Place): string {
  return join(folder, 'data');
}

/** Over the Unix socket, which only we can reach. */
function superuserAddress({ folder, port }: Place, database: string): SqlAddress {
  return { host: folder, port, user: superuser, database };
}
