import { randomUUID } from 'node:crypto';
import { PostgresDriver } from '../../../src/drivers/postgres/driver.js';
import type { ContractCommitFailures, ContractFaults, ContractSubject, Inject } from '../../contract/index.js';
import type { FaultProxy } from '../../support/servers/network/fault-proxy.js';
import { poll } from '../../support/servers/poll.js';
import { queryPostgres } from '../../support/servers/sql/postgres-client.js';
import type { PostgresTestServer } from '../../support/servers/sql/postgres-server.js';
import { layoutKeys } from './memory-subject.js';

const TABLE = 'keyv';

/** A subject on the server under the URL, in whichever process. */
export function postgresSubject(name: string, url: string): ContractSubject {
  return {
    name,
    createDriver: (options = {}) => new PostgresDriver({ ...options, url }),
    secrets: [new URL(url).password],
  };
}

/** The faults that a server can have which the drivers reach under the URL, through the proxy. */
export function postgresFaults(server: PostgresTestServer, url: string, proxy: FaultProxy): ContractFaults {
  const ask = (sql: string): ReturnType<PostgresTestServer['query']> => {
    const { hostname: host, port } = new URL(url);
    const { user, password, database } = server;
    return queryPostgres({ host, port: Number(port), user, password, database }, sql, [], { timeoutMs: 2000 });
  };
  return {
    stop: () => server.stop(),
    start: async () => {
      await server.start();
      // A pooler in between takes a while to find out.
      await poll('an answer under the URL', () => ask('SELECT 1'));
    },
    pause: () => server.pause(),
    resume: () => server.resume(),
    rollback: {
      snapshot: () => server.query(`SELECT key, value FROM ${TABLE}`),
      restore: async (snapshot) => {
        const rows = snapshot as Awaited<ReturnType<PostgresTestServer['query']>>;
        await server.query(
          `WITH gone AS (DELETE FROM ${TABLE} WHERE NOT key = ANY ($1::text[]))
            INSERT INTO ${TABLE} (key, value) SELECT * FROM unnest($1::text[], $2::text[])
            ON CONFLICT (key) DO UPDATE SET value = excluded.value`,
          [rows.map((row) => row['key']), rows.map((row) => row['value'])],
        );
      },
    },
    empty: async () => {
      await server.query(`TRUNCATE ${TABLE}`);
    },
    raw: {
      ...layoutKeys(),
      get: async (key) => {
        const [row] = await server.query(`SELECT value FROM ${TABLE} WHERE key = $1`, [key]);
        return row === undefined ? undefined : String(row['value']);
      },
      set: async (key, text) => {
        await server.query(
          `INSERT INTO ${TABLE} (key, value) VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET value = $2`,
          [key, text],
        );
      },
      delete: async (key) => {
        await server.query(`DELETE FROM ${TABLE} WHERE key = $1`, [key]);
      },
      keys: async () => (await server.query(`SELECT key FROM ${TABLE}`)).map((row) => String(row['key'])),
    },
    failCommits: {
      before: notPermitted(server),
      midway: terminatedMidway(server),
      after: async () => {
        // The server answers when it has committed; nothing of that arrives.
        proxy.cutMidReply(0);
        return () => proxy.heal();
      },
      ofAccount: refusesAccount(server),
    },
    failReads: tableGone(server),
    syncsBeforeAcknowledging: async () => {
      const [row] = await ask(
        "SELECT current_setting('synchronous_commit') AS commit, current_setting('fsync') AS fsync",
      );
      return row?.['commit'] !== 'off' && row?.['fsync'] === 'on';
    },
    readOnly: async (options = {}) => {
      const [reader, password] = [`reader_${randomUUID().slice(0, 8)}`, 'reader-secret'];
      await server.query(`CREATE ROLE ${reader} LOGIN PASSWORD '${password}'`);
      await server.query(`GRANT SELECT ON ${TABLE} TO ${reader}`);
      return new PostgresDriver({ ...options, url: server.url.replace(/\/\/.*@/, `//${reader}:${password}@`) });
    },
    missing: async (options = {}) => new PostgresDriver({ ...options, url, table: 'never_made' }),
  };
}

/** The user may read only. */
function notPermitted(server: PostgresTestServer): Inject {
  return async () => {
    await server.query(`REVOKE INSERT, UPDATE, DELETE ON ${TABLE} FROM ${server.user}`);
    return async () => {
      await server.query(`GRANT INSERT, UPDATE, DELETE ON ${TABLE} TO ${server.user}`);
    };
  };
}

/** The backend of the connection is ended when it comes to a record in the second half of 200. */
function terminatedMidway(server: PostgresTestServer): Inject {
  return async () => {
    await server.query(
      `CREATE FUNCTION terminate_midway() RETURNS trigger LANGUAGE plpgsql AS
        'BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NEW; END'`,
    );
    await server.query(
      `CREATE TRIGGER terminate_midway AFTER INSERT OR UPDATE ON ${TABLE} FOR EACH ROW
        WHEN (NEW.key LIKE '%:r:%150') EXECUTE FUNCTION terminate_midway()`,
    );
    return async () => {
      await server.query('DROP FUNCTION terminate_midway CASCADE');
    };
  };
}

/** A trigger refuses the account's head. */
function refusesAccount(server: PostgresTestServer): NonNullable<ContractCommitFailures['ofAccount']> {
  return async (prefix, accountId) => {
    const key = layoutKeys().headKey(prefix, accountId);
    await server.query(
      `CREATE FUNCTION refuse_account() RETURNS trigger LANGUAGE plpgsql AS
        'BEGIN RAISE EXCEPTION ''refused''; END'`,
    );
    await server.query(
      `CREATE TRIGGER refuse_account BEFORE INSERT OR UPDATE ON ${TABLE} FOR EACH ROW
        WHEN (NEW.key = '${key}') EXECUTE FUNCTION refuse_account()`,
    );
    return async () => {
      await server.query('DROP FUNCTION IF EXISTS refuse_account CASCADE');
    };
  };
}

/** The table is gone for a while. */
function tableGone(server: PostgresTestServer): Inject {
  return async () => {
    await server.query(`ALTER TABLE ${TABLE} RENAME TO gone`);
    return async () => {
      // Whoever opened meanwhile has made a new one.
      await server.query(`DROP TABLE IF EXISTS ${TABLE}; ALTER TABLE gone RENAME TO ${TABLE}`);
    };
  };
}
