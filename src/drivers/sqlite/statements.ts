/** In the number that names a text of a swap, its length has this many digits: SQLite takes no text of 10^9 bytes. */
export const LENGTH_DIGITS = 9;

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
  /**
   * Parameters: those of `swapParameters`. One row: `differing`, the JSON array of the keys of heads that are not
   * stored as expected. Unless it is empty, nothing was changed.
   */
  readonly swap: string;
  /** Parameters: head key, its text. A row if it was there. */
  readonly forget: string;
  /** Parameters: from, to, number of accounts. */
  readonly listAccounts: string;
}

/**
 * One statement changes any number of accounts: an insert into a temporary view, which compares all heads, and whose
 * trigger writes if none differs. SQLite runs it as one transaction of its own, so accounts that share the connection
 * cannot get in between, and no other process can either: the statement holds the lock for writing from its beginning.
 *
 * JSON names the keys only. The texts come as one blob, so that no reader of JSON can change a character of them.
 */
export function sqliteStatements(tableName: string): SqliteStatements {
  const table = `"${tableName}"`;
  const unit = 10 ** LENGTH_DIGITS;
  const text = (texts: string, place: string): string =>
    `CAST(substr(${texts}, ${place} / ${unit}, ${place} % ${unit}) AS TEXT)`;
  return {
    createTable: `CREATE TABLE IF NOT EXISTS ${tableName} (key VARCHAR(65535) PRIMARY KEY, value TEXT)`,
    prepare: [
      `CREATE TEMP VIEW accountkeeper_swap AS
         SELECT '' AS differing, '' AS deletes, '' AS upserts, '' AS texts WHERE 0`,
      `CREATE TEMP TRIGGER accountkeeper_swap_insert INSTEAD OF INSERT ON accountkeeper_swap
       WHEN NEW.differing = '[]' BEGIN
         DELETE FROM ${table}
           WHERE key IN (SELECT a.key || d.value FROM json_each(NEW.deletes) AS a, json_each(a.value) AS d);
         INSERT INTO ${table} (key, value)
           SELECT a.key || u.key, ${text('NEW.texts', 'u.value')}
             FROM json_each(NEW.upserts) AS a, json_each(a.value) AS u WHERE true
           ON CONFLICT (key) DO UPDATE SET value = excluded.value;
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
    swap: `INSERT INTO temp.accountkeeper_swap (differing, deletes, upserts, texts) VALUES (
        (SELECT json_group_array(h.key) FROM json_each(?1) AS h
          WHERE (SELECT coalesce(CAST(value AS TEXT), '') FROM ${table} WHERE key = h.key)
            IS NOT ${text('?4', 'h.value')}),
        ?2, ?3, ?4)
      RETURNING differing`,
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
