import { execFile } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { createConnection, type RowDataPacket } from 'mysql2/promise';
import { type Place, PrivateServer, type ServerKind } from '../private-server.js';
import { serverProgram } from '../server-programs.js';
import type { TestServer } from '../test-server.js';

export interface MariadbOptions {
  /** Further options of mariadbd: `'--max-allowed-packet=2M'`. */
  readonly options?: readonly string[];
}

export interface MariadbTestServer extends TestServer {
  /** Undefined while it does not run. */
  readonly pid: number | undefined;
  /** Where its files are. */
  readonly folder: string;
  readonly database: string;
  /** Runs one statement as root, over a connection of its own. */
  query(sql: string, values?: readonly (string | number | null)[]): Promise<readonly RowDataPacket[]>;
}

const database = 'accountkeeper';
const user = 'keeper';
const password = 'keeper-secret';

/** Starts a MariaDB server in a folder of its own, with the defaults of its release, strict mode among them. */
export function startMariadb({ options = [] }: MariadbOptions = {}): Promise<MariadbTestServer> {
  return new MariadbServer(mariadbKind(options)).create();
}

class MariadbServer extends PrivateServer implements MariadbTestServer {
  readonly database: string = database;

  query(sql: string, values: readonly (string | number | null)[] = []): Promise<readonly RowDataPacket[]> {
    return queryAsRoot(this.place, sql, values);
  }
}

function mariadbKind(options: readonly string[]): ServerKind {
  return {
    name: 'mariadb',
    stopSignal: 'SIGTERM',
    url: ({ host, port }) => `mysql://${user}:${password}@${host}:${port}/${database}`,
    prepare: makeDataFolder,
    command: (place) => [
      serverProgram('mariadbd'),
      '--no-defaults',
      ...asRoot(),
      `--datadir=${dataFolder(place)}`,
      `--socket=${socketFile(place)}`,
      `--pid-file=${join(place.folder, 'mariadb.pid')}`,
      `--init-file=${initFile(place)}`,
      `--bind-address=${place.host}`,
      `--port=${place.port}`,
      '--skip-name-resolve',
      '--innodb-buffer-pool-size=32M',
      ...options,
    ],
    answers: async (place) => {
      await queryAsRoot(place, 'SELECT 1', []);
      return true;
    },
  };
}

async function makeDataFolder(place: Place): Promise<void> {
  rmSync(dataFolder(place), { recursive: true, force: true });
  const options = ['--auth-root-authentication-method=normal', '--skip-test-db', '--skip-name-resolve'];
  const install = ['--no-defaults', ...asRoot(), `--datadir=${dataFolder(place)}`, ...options];
  await promisify(execFile)(serverProgram('mariadb-install-db'), install, { cwd: place.folder });
  // Read at each start: it has to be repeatable, with one statement a line.
  const statements = [
    `CREATE DATABASE IF NOT EXISTS ${database};`,
    `CREATE USER IF NOT EXISTS '${user}'@'%' IDENTIFIED BY '${password}';`,
    `GRANT ALL ON ${database}.* TO '${user}'@'%';`,
  ];
  writeFileSync(initFile(place), `${statements.join('\n')}\n`);
}

async function queryAsRoot(
  place: Place,
  sql: string,
  values: readonly (string | number | null)[],
): Promise<readonly RowDataPacket[]> {
  const connection = await createConnection({
    socketPath: socketFile(place),
    user: 'root',
    connectTimeout: 5_000,
  });
  try {
    const [rows] = await connection.query<RowDataPacket[]>({ sql, timeout: 20_000 }, [...values]);
    return rows;
  } finally {
    connection.destroy();
  }
}

/** It refuses to run as root by accident. */
function asRoot(): readonly string[] {
  return process.getuid?.() === 0 ? ['--user=root'] : [];
}

function dataFolder({ folder }: Place): string {
  return join(folder, 'data');
}

/** Only we can reach it. */
function socketFile({ folder }: Place): string {
  return join(folder, 'mariadb.sock');
}

function initFile({ folder }: Place): string {
  return join(folder, 'init.sql');
}
