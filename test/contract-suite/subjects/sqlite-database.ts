import { copyFile, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { KeyvSqlite } from '@keyv/sqlite';

const SUFFIXES = ['', '-wal', '-shm'] as const;

type Row = Readonly<Record<string, unknown>>;

/** The file of an SQLite database, as somebody else than the driver works with it. */
export class SqliteDatabase {
  readonly path: string;
  #last = 0;

  constructor(path: string) {
    this.path = path;
  }

  /** Runs `work` on a connection of its own. */
  async with<T>(work: (connection: KeyvSqlite) => Promise<T>): Promise<T> {
    const connection = await this.connect();
    try {
      return await work(connection);
    } finally {
      await connection.disconnect();
    }
  }

  /** The rows that one statement gives. */
  query(sql: string, ...parameters: readonly unknown[]): Promise<readonly Row[]> {
    return this.with((connection) => connection.query(sql, ...parameters));
  }

  /** Another connection to the file. The caller disconnects it. */
  async connect(): Promise<KeyvSqlite> {
    const connection = new KeyvSqlite({ uri: `sqlite://${this.path}`, busyTimeout: 5000 });
    connection.on('error', () => undefined);
    await connection.query('SELECT 1');
    return connection;
  }

  /** A copy of the database, in a file of its own. */
  async snapshot(): Promise<string> {
    const copy = this.#sibling('snapshot');
    await this.query('VACUUM INTO ?', copy);
    return copy;
  }

  /** Puts a copy where the database was; those who have that open keep it. */
  async restore(snapshot: string): Promise<void> {
    await this.empty();
    await copyFile(snapshot, this.path);
  }

  /** Takes the database away; those who have it open keep it. */
  async empty(): Promise<void> {
    await this.#move(this.path, this.#sibling('gone'));
  }

  /**
   * Takes the database away, with its folder, so that no driver can make another one in its place. In one step: a driver
   * that commits meanwhile finds all of it, or nothing.
   *
   * @returns what brings it back
   */
  async stop(): Promise<() => Promise<void>> {
    const folder = dirname(this.path);
    const aside = `${folder}-stopped`;
    await rename(folder, aside);
    return () => rename(aside, folder);
  }

  /** Removes the database and all that was made of it. */
  async remove(): Promise<void> {
    await rm(dirname(this.path), { recursive: true, force: true });
  }

  #sibling(name: string): string {
    this.#last += 1;
    return join(dirname(this.path), `${name}-${this.#last}.db`);
  }

  async #move(from: string, to: string): Promise<void> {
    for (const suffix of SUFFIXES) {
      if (await exists(from + suffix)) await rename(from + suffix, to + suffix);
    }
  }
}

async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined;
}
