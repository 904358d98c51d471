import type { PersistenceDriver } from '../../../src/core/persistence-driver.js';
import { importSqlite, type SqliteAdapter } from '../../../src/drivers/sqlite/adapter.js';
import { SqliteDriver } from '../../../src/drivers/sqlite/driver.js';
import type { ContractFaults, ContractSubject, DriverMaker, Inject } from '../../contract/index.js';
import { Gate, pauseFaults } from './gate.js';
import { layoutKeys } from './memory-subject.js';
import { SqliteDatabase } from './sqlite-database.js';

const LARGEST_PAGE_COUNT = 1_073_741_823;

/**
 * The adapter of a driver under test: its own connection to the file, a way to lose its answers, and one to answer
 * nothing for a while, as a file system does whose disk hangs: what was asked meanwhile is done afterwards.
 */
class WatchedSqlite implements SqliteAdapter {
  losesAnswers = false;
  readonly #adapter: SqliteAdapter;
  readonly #gate: Gate;

  constructor(adapter: SqliteAdapter, gate: Gate) {
    this.#adapter = adapter;
    this.#gate = gate;
  }

  async query(sql: string, ...parameters: readonly unknown[]): ReturnType<SqliteAdapter['query']> {
    await this.#gate.passed();
    return this.#adapter.query(sql, ...parameters);
  }

  async repeat(sql: string, ...parameters: readonly unknown[]): ReturnType<SqliteAdapter['repeat']> {
    await this.#gate.passed();
    const rows = await this.#adapter.repeat(sql, ...parameters);
    if (this.losesAnswers && sql.startsWith('INSERT')) throw new Error('the answer was lost');
    return rows;
  }

  disconnect(): Promise<void> {
    return this.#adapter.disconnect();
  }
}

/** A subject on the file, with all the faults that an SQLite file can have. */
export function sqliteSubject(path: string, Driver: typeof SqliteDriver = SqliteDriver): ContractSubject {
  const database = new SqliteDatabase(path);
  const gate = new Gate();
  const adapters = new WeakMap<PersistenceDriver, WatchedSqlite>();
  const adapterOf = (driver: PersistenceDriver): WatchedSqlite => {
    const adapter = adapters.get(driver);
    if (adapter === undefined) throw new Error('the driver has no connection');
    return adapter;
  };
  return {
    name: 'sqlite',
    createDriver: (options = {}) => {
      const driver: SqliteDriver = new Driver({ ...options, path, busyTimeoutMs: 1000 }, async () => {
        const open = await importSqlite();
        return async (name) => {
          const adapter = new WatchedSqlite(await open(name), gate);
          adapters.set(driver, adapter);
          return adapter;
        };
      });
      return driver;
    },
    faults: { ...sqliteFaults(database, adapterOf), ...pauseFaults(gate), ...sqliteAccess(path) },
  };
}

/** Drivers of a file that SQLite is told to open for reading alone, and of one that is not there. */
function sqliteAccess(path: string): Record<'readOnly' | 'missing', DriverMaker> {
  return {
    readOnly: async (options = {}) =>
      new SqliteDriver({ ...options, path, busyTimeoutMs: 1000 }, async () => {
        const open = await importSqlite();
        return (name) => open(name.replace(/mode=rwc?/, 'mode=ro'));
      }),
    missing: async (options = {}) => new SqliteDriver({ ...options, path: `${path}-never-made` }),
  };
}

function sqliteFaults(
  database: SqliteDatabase,
  adapterOf: (driver: PersistenceDriver) => WatchedSqlite,
): ContractFaults {
  let start: (() => Promise<void>) | undefined;
  return {
    stop: async () => {
      start = await database.stop();
    },
    start: async () => {
      await start?.();
    },
    rollback: {
      snapshot: () => database.snapshot(),
      restore: (snapshot) => database.restore(String(snapshot)),
    },
    empty: () => database.empty(),
    raw: {
      ...layoutKeys(),
      get: async (key) => {
        const [row] = await database.query('SELECT value FROM keyv WHERE key = ?', key);
        return row === undefined ? undefined : String(row['value']);
      },
      set: async (key, text) => {
        await database.query('INSERT OR REPLACE INTO keyv (key, value) VALUES (?, ?)', key, text);
      },
      delete: async (key) => {
        await database.query('DELETE FROM keyv WHERE key = ?', key);
      },
      keys: async () => (await database.query('SELECT key FROM keyv')).map((row) => String(row['key'])),
    },
    failCommits: {
      before: locked(database),
      midway: full(database, adapterOf),
      after: async (driver) => {
        const adapter = adapterOf(driver);
        adapter.losesAnswers = true;
        return async () => {
          adapter.losesAnswers = false;
        };
      },
      ofAccount: async (prefix, accountId) => {
        const key = layoutKeys().headKey(prefix, accountId);
        await database.query(
          `CREATE TRIGGER refuse BEFORE UPDATE ON keyv WHEN NEW.key = '${key}'
            BEGIN SELECT RAISE(ABORT, 'refused'); END`,
        );
        return async () => {
          await database.query('DROP TRIGGER IF EXISTS refuse');
        };
      },
    },
    failReads: tableGone(database),
    syncsBeforeAcknowledging: async (driver) => {
      const adapter = adapterOf(driver);
      const [journal] = (await adapter.query('PRAGMA journal_mode')) as readonly Record<string, unknown>[];
      const [sync] = (await adapter.query('PRAGMA synchronous')) as readonly Record<string, unknown>[];
      return journal?.['journal_mode'] === 'wal' && Number(sync?.['synchronous']) >= 2;
    },
  };
}

/** Another connection holds the lock for writing: SQLITE_BUSY. */
function locked(database: SqliteDatabase): Inject {
  return async () => {
    const connection = await database.connect();
    await connection.query('BEGIN IMMEDIATE');
    return async () => {
      await connection.query('ROLLBACK');
      await connection.disconnect();
    };
  };
}

/** The database may not grow by more than a few pages: SQLITE_FULL after some of the records. */
function full(database: SqliteDatabase, adapterOf: (driver: PersistenceDriver) => WatchedSqlite): Inject {
  return async (driver) => {
    // Without free pages that the records could go to.
    await database.query('VACUUM');
    const adapter = adapterOf(driver);
    const [row] = (await adapter.query('PRAGMA page_count')) as readonly Record<string, unknown>[];
    await adapter.query(`PRAGMA max_page_count = ${Number(row?.['page_count']) + 50}`);
    return async () => {
      await adapter.query(`PRAGMA max_page_count = ${LARGEST_PAGE_COUNT}`);
    };
  };
}

/** The table is gone for a while: SQLITE_ERROR. */
function tableGone(database: SqliteDatabase): Inject {
  return async () => {
    await database.query('ALTER TABLE keyv RENAME TO gone');
    return async () => {
      await database.with(async (connection) => {
        // A new connection makes the table where there is none.
        await connection.query('DROP TABLE IF EXISTS keyv');
        await connection.query('ALTER TABLE gone RENAME TO keyv');
      });
    };
  };
}
