import { AccountKeeperError } from '../core/errors.js';

/** What the driver needs of an instance of `KeyvSqlite`. */
export interface SqliteAdapter {
  query(sql: string, ...parameters: unknown[]): Promise<unknown>;
  disconnect(): Promise<void>;
  on(event: 'error', listener: (error: unknown) => void): unknown;
}

/** What the driver needs of the package `@keyv/sqlite`. */
export interface SqliteAdapterModule {
  readonly KeyvSqlite: new (options: {
    readonly uri: string;
    readonly table: string;
    readonly keySize: number;
    readonly busyTimeout: number;
  }) => SqliteAdapter;
}

/** Imports `@keyv/sqlite`. */
export type SqliteAdapterImporter = () => Promise<SqliteAdapterModule>;

const INSTALL = 'npm install keyv@^5.6.0 @keyv/sqlite@^4.0.8';

/** The importer of the installed package. */
export const importKeyvSqlite: SqliteAdapterImporter = () => import('@keyv/sqlite');

/** @throws `NOT_INSTALLED` with the command that installs it */
export async function loadSqliteAdapter(importer: SqliteAdapterImporter): Promise<SqliteAdapterModule> {
  try {
    const module = await importer();
    if (typeof module.KeyvSqlite !== 'function') throw new TypeError('@keyv/sqlite has no export KeyvSqlite');
    return module;
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
