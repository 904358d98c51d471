import { createRequire } from 'node:module';
import { AccountKeeperError } from '../../core/errors.js';

/** A row, by the names of its columns. */
export type SqliteRow = Readonly<Record<string, unknown>>;

/** An open database. */
export interface SqliteAdapter {
  query(sql: string, ...parameters: readonly unknown[]): Promise<readonly SqliteRow[]>;
  /** As `query`. The statement stays compiled until `disconnect`, for the next call. */
  repeat(sql: string, ...parameters: readonly unknown[]): Promise<readonly SqliteRow[]>;
  disconnect(): Promise<void>;
}

/** Opens a database by the URI of its file, or `:memory:`. */
export type SqliteOpener = (name: string) => Promise<SqliteAdapter>;

/** Imports what opens databases. */
export type SqliteImporter = () => Promise<SqliteOpener>;

type Done = (error: Error | null, rows?: unknown) => void;

interface CompiledStatement {
  all(parameters: readonly unknown[], done: Done): unknown;
  reset(done: () => void): unknown;
  finalize(done: () => void): unknown;
}

/** The methods that the driver uses of `sqlite3`. */
interface SqliteClient {
  readonly OPEN_READWRITE: number;
  readonly OPEN_CREATE: number;
  readonly OPEN_FULLMUTEX: number;
  readonly OPEN_URI: number;
  readonly Database: new (
    name: string,
    mode: number,
    done: Done,
  ) => {
    all(sql: string, parameters: readonly unknown[], done: Done): unknown;
    prepare(sql: string, done: Done): CompiledStatement;
    close(done: Done): unknown;
  };
}

const INSTALL = 'npm install keyv@^5.6.0 @keyv/sqlite@^4.0.8';

/**
 * The importer of the installed package: the `sqlite3` that `@keyv/sqlite` brings along. The adapter itself opens files
 * for writing alone, and leaves them open where it cannot create its table.
 */
export const importSqlite: SqliteImporter = async () => {
  const adapterPath = createRequire(import.meta.url).resolve('@keyv/sqlite');
  const { Database, ...client } = createRequire(adapterPath)('sqlite3') as SqliteClient;
  const mode = client.OPEN_READWRITE | client.OPEN_CREATE | client.OPEN_FULLMUTEX | client.OPEN_URI;
  return async (name) => {
    const database = await settled<InstanceType<typeof Database>>((done) => {
      const opened = new Database(name, mode, (error) => done(error, opened));
    });
    const statements = new Map<string, Promise<CompiledStatement>>();
    const compile = (sql: string): Promise<CompiledStatement> => {
      const compiled = settled<CompiledStatement>((done) => {
        const statement = database.prepare(sql, (error) => done(error, statement));
      });
      statements.set(sql, compiled);
      compiled.catch(() => statements.delete(sql));
      return compiled;
    };
    return {
      query: (sql, ...parameters) => settled((done) => database.all(sql, parameters, done)),
      repeat: async (sql, ...parameters) => {
        const statement = await (statements.get(sql) ?? compile(sql));
        try {
          return await settled((done) => statement.all(parameters, done));
        } catch (error) {
          // One that was refused as busy could go on. Until it is reset, what the connection reads next stays as it was
          // then, for ever.
          await settled((done) => statement.reset(() => done(null)));
          throw error;
        }
      },
      disconnect: async () => {
        // SQLite does not close a database that has statements left.
        for (const compiled of await Promise.allSettled(statements.values())) {
          if (compiled.status === 'fulfilled') await settled((done) => compiled.value.finalize(() => done(null)));
        }
        await settled((done) => database.close(done));
      },
    };
  };
};

/** @throws `NOT_INSTALLED` with the command that installs it */
export async function loadSqlite(importer: SqliteImporter): Promise<SqliteOpener> {
  try {
    const open = await importer();
    if (typeof open !== 'function') throw new TypeError('expected a function that opens a database');
    return open;
  } catch (cause) {
    throw new AccountKeeperError(
      'NOT_INSTALLED',
      `the SQLite driver needs a package that could not be imported. To install it: ${INSTALL}. ` +
        'If it is installed, the install script of its dependency sqlite3 has not run: allow it in the "allowScripts" ' +
        'of your package.json, then: npm rebuild sqlite3',
      { cause },
    );
  }
}

function settled<Result>(begin: (done: Done) => void): Promise<Result> {
  return new Promise((resolve, reject) => {
    begin((error, result) => (error === null ? resolve(result as Result) : reject(error)));
  });
}
