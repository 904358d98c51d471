/** In the message of the error that says that the stored head is not the expected one. */
export const HEAD_DIFFERS = 'accountkeeper: the stored head differs';

/** How many accounts one statement lists. */
export const ACCOUNTS_PER_PAGE = 256;

/** The statements on one table. A table name has been checked to need no escaping. */
export interface SqliteStatements {
  /** As `@keyv/sqlite` makes it, in whose name a word of SQL is none. */
  readonly createTable: string;
  /** Run once on each connection; they touch its temporary schema only. */
  readonly prepare: readonly string[];
  /** Takes the lock for writing, and changes nothing. */
  readonly probeWrite: string;
  /** Rows `{ name, required }` of the columns; none where there is no such table. */
  readonly columns: string;
  /** A row where the key alone is unique, byte by byte. */
  readonly uniqueKey: string;
  /** Parameter: key. */
  readonly readHead: string;
  /** Parameters: from, to. */
  readonly readRange: string;
  /** Parameters: head key, expected text or NULL, next text, record prefix, upserts and deletes as JSON. */
  readonly swap: string;
  /** Parameters: head key, its text. A row if it was there. */
  readonly forget: string;
  /** Parameters: from, to, number of accounts. */
  readonly listAccounts: string;
}

/**
 * One statement makes the whole commit: an insert into a temporary view, whose trigger compares the head and writes.
 * SQLite runs it as one transaction of its own, so accounts that share the connection cannot get in between, and no
 * other process can either: the statement holds the lock for writing from its beginning.
 */
export function sqliteStatements(tableName: string): SqliteStatements {
  const table = `"${tableName}"`;
  return {
    createTable: `CREATE TABLE IF NOT EXISTS ${tableName} (key VARCHAR(65535) PRIMARY KEY, value TEXT)`,
    prepare: [
      `CREATE TEMP VIEW accountkeeper_swap AS SELECT
         '' AS head_key, '' AS expected, '' AS next, '' AS record_prefix, '' AS upserts, '' AS deletes WHERE 0`,
      // The first DELETE is for a head that is written onto itself: SQLite skips a write that changes nothing, and
      // would not sync then.
      `CREATE TEMP TRIGGER accountkeeper_swap_insert INSTEAD OF INSERT ON accountkeeper_swap BEGIN
         SELECT RAISE(ABORT, '${HEAD_DIFFERS}')
           WHERE (SELECT coalesce(CAST(value AS TEXT), '') FROM ${table} WHERE key = NEW.head_key) IS NOT NEW.expected;
         DELETE FROM ${table} WHERE key = NEW.head_key AND value = NEW.next;
         INSERT INTO ${table} (key, value) VALUES (NEW.head_key, NEW.next)
           ON CONFLICT (key) DO UPDATE SET value = excluded.value;
         INSERT INTO ${table} (key, value)
           SELECT NEW.record_prefix || entry.key, entry.value FROM json_each(NEW.upserts) AS entry WHERE true
           ON CONFLICT (key) DO UPDATE SET value = excluded.value;
         DELETE FROM ${table}
           WHERE key IN (SELECT NEW.record_prefix || entry.value FROM json_each(NEW.deletes) AS entry);
       END`,
    ],
    probeWrite: `DELETE FROM ${table} WHERE key IS NULL AND 0`,
    columns: `SELECT c.name AS name, c."notnull" AND c.dflt_value IS NULL AS required
      FROM main.sqlite_schema AS s JOIN pragma_table_info(s.name, 'main') AS c
      WHERE s.type = 'table' AND s.name = '${tableName}' COLLATE NOCASE`,
    uniqueKey: `SELECT 1 FROM pragma_index_list('${tableName}', 'main') AS i
      WHERE i."unique" AND NOT i.partial
        AND (SELECT count(*) FROM pragma_index_xinfo(i.name, 'main') AS c WHERE c.key) = 1
        AND EXISTS (SELECT 1 FROM pragma_index_xinfo(i.name, 'main') AS c
          WHERE c.key AND c.name = 'key' COLLATE NOCASE AND c.coll = 'BINARY')`,
    readHead: `SELECT key, value FROM ${table} WHERE key = ?`,
    readRange: `SELECT key, value FROM ${table} WHERE key >= ? AND key < ?`,
    swap: `INSERT INTO temp.accountkeeper_swap (head_key, expected, next, record_prefix, upserts, deletes)
      VALUES (?, ?, ?, ?, ?, ?)`,
    forget: `DELETE FROM ${table} WHERE key = ? AND value = ? RETURNING 1`,
    // From the first key of one account to the first key behind it: an account costs the same whatever it holds.
    listAccounts: `WITH RECURSIVE hop (key, number) AS (
        SELECT (SELECT min(key) FROM ${table} WHERE key >= ?1 AND key < ?2), 1
        UNION ALL
        SELECT (SELECT min(key) FROM ${table} WHERE key < ?2 AND key >=
            CASE instr(hop.key, '}:') WHEN 0 THEN hop.key || char(1)
            ELSE substr(hop.key, 1, instr(hop.key, '}:')) || ';' END),
          hop.number + 1
        FROM hop WHERE hop.key IS NOT NULL AND hop.number < ?3
      ), account (key, part) AS (
        SELECT key, substr(key, 1, instr(key, '}:')) FROM hop WHERE key IS NOT NULL
      )
      SELECT key, (SELECT coalesce(value, '') FROM ${table} WHERE key = account.part || ':head') AS head,
        EXISTS (SELECT 1 FROM ${table} WHERE key >= account.part || ':r:' AND key < account.part || ':r;') AS has_records
      FROM account`,
  };
}
