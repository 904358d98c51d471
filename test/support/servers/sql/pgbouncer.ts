import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Place, PrivateServer, type ServerKind } from '../private-server.js';
import { serverProgram } from '../server-programs.js';
import { unprivilegedUser } from '../system-user.js';
import type { TestServer } from '../test-server.js';
import { queryPostgres } from './postgres-client.js';
import type { PostgresTestServer } from './postgres-server.js';

export interface PgbouncerOptions {
  /** Connections to the server that all clients share. @default 4 */
  readonly poolSize?: number;
  /** Further lines of its configuration: `'query_wait_timeout = 2'`. */
  readonly config?: readonly string[];
}

export interface PgbouncerTestServer extends TestServer {
  /** Undefined while it does not run. */
  readonly pid: number | undefined;
  /** Where its files are. */
  readonly folder: string;
}

/** Starts PgBouncer in transaction mode in front of a server, with the same user, password and database. */
export function startPgbouncer(
  postgres: PostgresTestServer,
  options: PgbouncerOptions = {},
): Promise<PgbouncerTestServer> {
  return new PrivateServer(pgbouncerKind(postgres, options)).create();
}

function pgbouncerKind(postgres: PostgresTestServer, { poolSize = 4, config = [] }: PgbouncerOptions): ServerKind {
  const { user, password, database } = postgres;
  return {
    name: 'pgbouncer',
    user: unprivilegedUser(),
    stopSignal: 'SIGTERM',
    url: ({ host, port }) => {
      const url = new URL(postgres.url);
      url.hostname = host;
      url.port = String(port);
      return url.href;
    },
    prepare: (place) => {
      // Readable by the user that it runs as; nobody else can enter the folder.
      writeFileSync(usersFile(place), `"${user}" "${password}"\n`);
      writeFileSync(configFile(place), `${configuration(place, postgres, poolSize, config).join('\n')}\n`);
    },
    command: (place) => [serverProgram('pgbouncer'), configFile(place)],
    answers: async ({ host, port }) => {
      await queryPostgres({ host, port, user, password, database }, 'SELECT 1', [], { timeoutMs: 2_000 });
      return true;
    },
  };
}

function configuration(
  place: Place,
  { host, port, database }: PostgresTestServer,
  poolSize: number,
  config: readonly string[],
): readonly string[] {
  return [
    '[databases]',
    `${database} = host=${host} port=${port} dbname=${database}`,
    '[pgbouncer]',
    `listen_addr = ${place.host}`,
    `listen_port = ${place.port}`,
    'unix_socket_dir =',
    'pool_mode = transaction',
    `default_pool_size = ${poolSize}`,
    'max_client_conn = 200',
    'auth_type = scram-sha-256',
    `auth_file = ${usersFile(place)}`,
    // The tests stop and start the server behind it.
    'server_login_retry = 0.1',
    ...config,
  ];
}

function configFile({ folder }: Place): string {
  return join(folder, 'pgbouncer.ini');
}

function usersFile({ folder }: Place): string {
  return join(folder, 'users.txt');
}
