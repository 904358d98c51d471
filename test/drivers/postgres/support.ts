import { chownSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import {
  importPostgres,
  type PgClientConfig,
  type PgStatement,
  type PostgresImporter,
} from '../../../src/drivers/postgres/adapter.js';
import { PostgresDriver } from '../../../src/drivers/postgres/driver.js';
import type { PostgresDriverOptions } from '../../../src/drivers/postgres/options.js';
import { poll } from '../../support/servers/poll.js';
import type { PostgresTestServer } from '../../support/servers/sql/postgres-server.js';
import { unprivilegedUser } from '../../support/servers/system-user.js';
import { afterTest, closing } from '../support.js';

type Rows = readonly Readonly<Record<string, unknown>>[];

/** A session of somebody else. */
export interface PostgresSession {
  query(sql: string, values?: readonly unknown[]): Promise<{ readonly rows: Rows }>;
}

interface PgClient extends PostgresSession {
  connect(): Promise<void>;
  end(): Promise<void>;
  on(event: 'error', listener: () => void): void;
}

/** A driver that is closed after the test. */
export function postgres(options: PostgresDriverOptions): PostgresDriver {
  return closing(new PostgresDriver(options));
}

/** A driver whose server can be exchanged under its address, as with one that moves; closed after the test. */
export function movablePostgres(options: PostgresDriverOptions): {
  readonly driver: PostgresDriver;
  /** Whoever connects from now on gets to this server. */
  moveTo(server: PostgresTestServer): void;
} {
  let port: number | undefined;
  const importer: PostgresImporter = async () => {
    const Client = await importPostgres();
    return class Movable extends Client {
      constructor(config: PgClientConfig) {
        super(port === undefined ? config : { ...config, port });
      }
    };
  };
  return {
    driver: closing(new PostgresDriver(options, importer)),
    moveTo: (server) => {
      port = server.port;
    },
  };
}

/** A driver, and the statements that it hands to its clients, in the order of the calls; closed after the test. */
export function spiedPostgres(options: PostgresDriverOptions): {
  readonly driver: PostgresDriver;
  readonly statements: readonly PgStatement[];
} {
  const statements: PgStatement[] = [];
  const importer: PostgresImporter = async () => {
    const Client = await importPostgres();
    return class Spied extends Client {
      override query(statement: PgStatement): ReturnType<InstanceType<typeof Client>['query']> {
        statements.push(statement);
        return super.query(statement);
      }
    };
  };
  return { driver: closing(new PostgresDriver(options, importer)), statements };
}

/** A session of the driver's own user, ended after the test. */
export async function sessionOn(url: string): Promise<PostgresSession> {
  const { Client } = createRequire(import.meta.url)('pg') as { Client: new (url: string) => PgClient };
  const client = new Client(url);
  client.on('error', () => undefined);
  await client.connect();
  afterTest(() => client.end());
  return client;
}

let last = 0;

/** A name that no test has used. */
export function uniqueName(): string {
  last += 1;
  return `t${last}`;
}

/** Ends the server's sessions of a driver, and waits until they are gone. */
export async function endSessionsOf(server: PostgresTestServer, applicationName: string): Promise<void> {
  await server.query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1', [
    applicationName,
  ]);
  await poll(
    'the end of the sessions',
    async () => (await sessionsOf(server, applicationName)).length === 0 || undefined,
  );
}

/** Makes a server that was stopped a standby, or a primary again. */
export function setStandby(server: PostgresTestServer, role: 'standby' | 'primary'): void {
  const signal = join(server.folder, 'data', 'standby.signal');
  if (role === 'primary') {
    rmSync(signal);
    return;
  }
  writeFileSync(signal, '');
  const owner = unprivilegedUser();
  if (owner !== undefined) chownSync(signal, owner.uid, owner.gid);
}

/** A setting of the whole server, until the test is over, or it is reset. */
export async function configure(
  server: PostgresTestServer,
  setting: string,
  value: string,
): Promise<() => Promise<void>> {
  const [before] = await server.query('SELECT current_setting($1) AS value', [setting]);
  await server.query(`ALTER SYSTEM SET ${setting} = ${value}`);
  const applied = async (undoing: string): Promise<void> => {
    await server.query('SELECT pg_reload_conf()');
    await poll(`${undoing} ${setting}`, async () => {
      const [now] = await server.query('SELECT current_setting($1) AS value', [setting]);
      return (now?.['value'] !== before?.['value']) === (undoing === 'setting') || undefined;
    });
    // What the checkpointer tells the other processes, it knows now.
    await server.query('CHECKPOINT');
  };
  await applied('setting');
  const reset = async (): Promise<void> => {
    await server.query(`ALTER SYSTEM RESET ${setting}`);
    await applied('resetting');
  };
  afterTest(reset);
  return reset;
}

/** The server's sessions of a driver, by what they do. */
export async function sessionsOf(server: PostgresTestServer, applicationName: string): Promise<Rows> {
  return server.query(
    'SELECT pid, state, wait_event_type, wait_event FROM pg_stat_activity WHERE application_name = $1',
    [applicationName],
  );
}
