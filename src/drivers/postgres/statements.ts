import { SEPARATOR } from '../base/envelope.js';

/** How many accounts one statement lists. */
export const ACCOUNTS_PER_PAGE = 256;

/**
 * What a swap does to heads: those of `together` are replaced, unless another transaction holds them; the one of `alone`
 * is replaced, after a wait where it must be; the one of `first` is inserted.
 */
export type SwapKind = 'together' | 'alone' | 'first';

/** The swaps of one kind. Deletes cost time even when there are none. */
export interface SwapStatements {
  /**
   * Parameters, all of them lists: keys of heads, texts that must be stored there (`first`: none), texts to store there,
   * numbers of records to store; the keys, the texts and the changes' numbers of all records to store. Changes are
   * numbered from one.
   *
   * A row `{ swapped, differs }`: the numbers of changes that were made, and of those that were not, because the head is
   * another one, with blanks between them. In neither are those whose head was not found, or is held by another
   * transaction.
   */
  readonly storing: string;
  /** The same, then the keys and the changes' numbers of all records to delete. */
  readonly deleting: string;
}

/** The statements on one table. The names have been checked to need no escaping within quotes. */
export interface PostgresStatements {
  /** The table, as it stands in a statement. */
  readonly table: string;
  readonly createSchema: string;
  readonly createTable: string;
  /** Gives the key the type and the order that the driver needs. */
  readonly alterKey: string;
  readonly grant: string;
  /** Parameter: key. A row `{ key, value }`, besides the one of the server. */
  readonly readHead: string;
  /** Parameters: from, to. Rows `{ key, value }`, besides the one of the server. */
  readonly readRange: string;
  readonly swap: Readonly<Record<SwapKind, SwapStatements>>;
  /** Parameters: head key, its text. A row if it was there. */
  readonly forget: string;
  /** Parameters: from, to, number of accounts. Rows `{ key, value, has_records }`, besides the one of the server. */
  readonly listAccounts: string;
}

/**
 * Each read also gives one row without a key, whose value says whether the others are all that is stored: `standby`
 * (the server may be behind), `filtered` (row security hides rows) or `complete`. An answer without that row, or with
 * another value than the last, is none, however the connection got there.
 *
 * Each type is said, so that no plan that a session keeps becomes wrong by a change of the table.
 */
export function postgresStatements(schemaName: string, tableName: string): PostgresStatements {
  const schema = `"${schemaName}"`;
  const table = `${schema}."${tableName}"`;
  const server = `SELECT NULL::text AS key,
      CASE WHEN pg_is_in_recovery() THEN 'standby' WHEN ${isFiltered(table)} THEN 'filtered' ELSE 'complete' END AS value`;
  // The collation is said in each statement: with another one, a range would hold other keys.
  return {
    table,
    createSchema: `CREATE SCHEMA IF NOT EXISTS ${schema}`,
    createTable: `CREATE TABLE IF NOT EXISTS ${table} (key text COLLATE "C" PRIMARY KEY, value text)`,
    alterKey: `ALTER TABLE ${table} ALTER COLUMN key TYPE text COLLATE "C"`,
    grant: `GRANT SELECT, INSERT, UPDATE, DELETE ON ${table}`,
    readHead: `${server} UNION ALL SELECT key, value FROM ${table} WHERE key COLLATE "C" = $1::text`,
    readRange: `${server} UNION ALL SELECT key, value FROM ${table}
      WHERE key COLLATE "C" >= $1::text AND key COLLATE "C" < $2::text`,
    swap: { together: swaps(table, 'together'), alone: swaps(table, 'alone'), first: swaps(table, 'first') },
    forget: `DELETE FROM ${table} WHERE key COLLATE "C" = $1::text AND value = $2::text RETURNING 1`,
    // From the first key of one account to the first key behind it: an account costs the same whatever it holds.
    listAccounts: `WITH RECURSIVE hop (key, number) AS (
        SELECT (SELECT key COLLATE "C" FROM ${table}
          WHERE key COLLATE "C" >= $1::text AND key COLLATE "C" < $2::text ORDER BY key COLLATE "C" LIMIT 1), 1
        UNION ALL
        SELECT (SELECT t.key COLLATE "C" FROM ${table} AS t
          WHERE t.key COLLATE "C" >= CASE strpos(hop.key, '}:') WHEN 0 THEN hop.key || chr(1)
              ELSE substr(hop.key, 1, strpos(hop.key, '}:')) || ';' END
            AND t.key COLLATE "C" < $2::text
          ORDER BY t.key COLLATE "C" LIMIT 1), hop.number + 1
        FROM hop WHERE hop.key IS NOT NULL AND hop.number < $3::integer
      ), account (key, part) AS (
        SELECT key, substr(key, 1, strpos(key, '}:')) FROM hop WHERE key IS NOT NULL
      )
      ${server}, NULL::text AS has_records
      UNION ALL
      SELECT account.key,
        (SELECT coalesce(value, '') FROM ${table} AS t WHERE t.key COLLATE "C" = account.part || ':head'),
        EXISTS (SELECT 1 FROM ${table} AS t
          WHERE t.key COLLATE "C" >= account.part || ':r:' AND t.key COLLATE "C" < account.part || ':r;')::text
      FROM account`,
  };
}

function isFiltered(table: string): string {
  return `row_security_active('${table}'::regclass)`;
}

function swaps(table: string, kind: SwapKind): SwapStatements {
  return { storing: swapOf(table, kind, 'storing'), deleting: swapOf(table, kind, 'deleting') };
}

/**
 * A swap is one statement, hence one transaction, in one round trip. It locks the rows of the heads first; whatever it
 * writes depends on a head that it replaced. When fewer records were stored than were given, or deleted than were there
 * (by a trigger or a rule), or some may be hidden, it divides by zero, and nothing of it is stored. It also has the server
 * say its warnings, whatever the session's settings: that the wait for a synchronous standby was cancelled is said in no
 * other way.
 *
 * Groups never wait for each other, and cannot end in a deadlock: a head that is held is skipped, and a record is written
 * by whoever holds its head.
 */
function swapOf(table: string, kind: SwapKind, scope: keyof SwapStatements): string {
  const changes = `(
      SELECT * FROM unnest(${list(1)}, ${list(2)}, ${list(3)}, ${list(4)}::integer[])
        WITH ORDINALITY AS change (head_key, expected, next, size, number) ${FEW}
    ) AS change`;
  const isSwapped = (number: string): string =>
    // In a CASE, so that it is looked up in a hash table.
    `CASE WHEN ${number} IN (SELECT number FROM swapped) THEN true ELSE false END`;
  const heads =
    kind === 'first'
      ? `head AS MATERIALIZED (SELECT * FROM ${changes}), inserted AS (
      INSERT INTO ${table} (key, value) SELECT head_key, next FROM head ON CONFLICT (key) DO NOTHING RETURNING 1
    ), swapped AS MATERIALIZED (SELECT number, size FROM head, inserted)`
      : `head AS MATERIALIZED (
      SELECT change.*, t.value FROM ${changes} JOIN ${table} AS t ON t.key COLLATE "C" = change.head_key
        FOR NO KEY UPDATE OF t ${kind === 'together' ? 'SKIP LOCKED' : ''}
    ), swapped AS (
      UPDATE ${table} AS t SET value = head.next FROM head
        WHERE t.key COLLATE "C" = head.head_key AND head.value = head.expected RETURNING head.number, head.size
    )`;
  const deletes = `, doomed AS MATERIALIZED (
      SELECT key FROM unnest(${list(8)}, ${list(9)}::integer[]) AS record (key, number)
        WHERE ${isSwapped('record.number')} ${FEW}
    ), gone AS (
      DELETE FROM ${table} AS t USING doomed WHERE t.key COLLATE "C" = doomed.key RETURNING 1
    )`;
  // Whether a key was there is looked up only where not all of them were deleted.
  const areGone = `AND CASE (SELECT count(*) FROM gone) WHEN (SELECT count(*) FROM doomed) THEN true
      ELSE (SELECT count(*) FROM gone) = (
        SELECT count(*) FROM doomed JOIN ${table} AS t ON t.key COLLATE "C" = doomed.key
      ) END`;
  const isDeleting = scope === 'deleting';
  // A text without a key counts as one too many: a separator within a text does no harm.
  return `WITH ${heads}, stored AS (
      INSERT INTO ${table} (key, value)
        SELECT record.key, record.value
        FROM unnest(${list(5)}, ${list(6)}, ${list(7)}::integer[]) AS record (key, value, number)
        WHERE record.number IS NULL OR ${isSwapped('record.number')}
        ON CONFLICT (key) DO UPDATE SET value = excluded.value RETURNING 1
    )${isDeleting ? deletes : ''} SELECT
      (SELECT string_agg(number::text, ' ') FROM swapped) AS swapped,
      (SELECT string_agg(number::text, ' ') FROM head WHERE NOT ${isSwapped('head.number')}) AS differs,
      (1 / CASE
        WHEN (SELECT count(*) FROM stored) = (SELECT coalesce(sum(size), 0) FROM swapped) ${isDeleting ? areGone : ''}
          AND NOT ${isFiltered(table)} AND set_config('client_min_messages', 'warning', true) = 'warning' THEN 1
        ELSE 0
      END)::text AS checked`;
}

/** A parameter that holds texts, with {@link SEPARATOR} between them. */
function list(parameter: number): string {
  return `string_to_array($${parameter}::text, chr(${SEPARATOR.charCodeAt(0)}))`;
}

/**
 * Changes nothing, but has the server plan for few rows, hence by the index: it plans once for all that a session sends,
 * when the table may still be small.
 */
const FEW = 'LIMIT (SELECT 1000000000)';

/**
 * Parameters: schema, table. One row about the server and the session, and the table where there is one; no privilege
 * is needed for it.
 */
export const INSPECT: string = `SELECT
    pg_is_in_recovery()::text AS standby,
    current_setting('transaction_read_only') AS read_only,
    current_setting('server_encoding') AS encoding,
    current_setting('synchronous_commit') AS synchronous_commit,
    current_setting('fsync') AS fsync,
    current_setting('full_page_writes') AS full_page_writes,
    current_user::text AS role,
    (n.oid IS NOT NULL)::text AS has_schema,
    c.relkind::text AS kind,
    (SELECT p.oid::regclass::text FROM pg_class AS p
      WHERE p.relpersistence <> 'p' AND (p.oid = c.oid OR p.oid IN (SELECT relid FROM pg_partition_tree(c.oid)))
      LIMIT 1) AS unlogged,
    (has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT'))::text AS may_read,
    (has_table_privilege(c.oid, 'INSERT') AND has_table_privilege(c.oid, 'UPDATE')
      AND has_table_privilege(c.oid, 'DELETE'))::text AS may_write,
    row_security_active(c.oid)::text AS row_security,
    EXISTS (SELECT 1 FROM pg_trigger AS t
      WHERE t.tgrelid = c.oid AND NOT t.tgisinternal AND t.tgenabled <> 'D')::text AS has_triggers,
    EXISTS (SELECT 1 FROM pg_rewrite AS r WHERE r.ev_class = c.oid AND r.ev_enabled <> 'D')::text AS has_rules,
    k.key_type, k.key_collation, k.is_unique::text AS key_unique,
    (SELECT format_type(a.atttypid, a.atttypmod) FROM pg_attribute AS a
      WHERE a.attrelid = c.oid AND a.attname = 'value' AND NOT a.attisdropped) AS value_type,
    EXISTS (SELECT 1 FROM pg_attribute AS a
      WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attnotnull AND NOT a.atthasdef
        AND a.attidentity = '' AND a.attname NOT IN ('key', 'value'))::text AS needs_more
  FROM (SELECT 1) AS one
  LEFT JOIN pg_namespace AS n ON n.nspname = $1::text
  LEFT JOIN pg_class AS c ON c.relnamespace = n.oid AND c.relname = $2::text
  LEFT JOIN LATERAL (
    SELECT format_type(a.atttypid, a.atttypmod) AS key_type, l.collname::text AS key_collation,
      EXISTS (SELECT 1 FROM pg_index AS i
        WHERE i.indrelid = c.oid AND i.indisunique AND i.indimmediate AND i.indisvalid AND i.indpred IS NULL
          AND i.indnkeyatts = 1 AND i.indkey[0] = a.attnum AND i.indcollation[0] = a.attcollation) AS is_unique
    FROM pg_attribute AS a LEFT JOIN pg_collation AS l ON l.oid = a.attcollation
    WHERE a.attrelid = c.oid AND a.attname = 'key' AND NOT a.attisdropped
  ) AS k ON true`;
