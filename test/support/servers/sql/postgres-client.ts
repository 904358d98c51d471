import { createRequire } from 'node:module';

export type SqlRow = Readonly<Record<string, unknown>>;

export interface SqlAddress {
  /** A host, or the folder of a Unix socket. */
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password?: string;
  readonly database: string;
}

/** What we need of the package `pg`, which brings no types. */
interface PgClient {
  connect(): Promise<void>;
  query(sql: string, values?: readonly unknown[]): Promise<{ readonly rows: readonly SqlRow[] }>;
  end(): Promise<void>;
  on(event: 'error', listener: (error: Error) => void): void;
}

interface Pg {
  Client: new (options: SqlAddress & { connectionTimeoutMillis: number; query_timeout: number }) => PgClient;
}

export interface SqlLimits {
  /** For the connection and for the query, each. @default 20000 */
  readonly timeoutMs?: number;
}

/** Runs one statement over a connection of its own. */
export async function queryPostgres(
  address: SqlAddress,
  sql: string,
  values: readonly unknown[] = [],
  { timeoutMs = 20_000 }: SqlLimits = {},
): Promise<readonly SqlRow[]> {
  const { Client } = createRequire(import.meta.url)('pg') as Pg;
  const client = new Client({ ...address, connectionTimeoutMillis: timeoutMs, query_timeout: timeoutMs });
  // A server that goes away reports it twice; the rejected promise is the one that counts.
  client.on('error', () => undefined);
  try {
    await client.connect();
    return (await client.query(sql, values)).rows;
  } finally {
    // A paused server would keep it waiting: that it is on its way is enough.
    void client.end().catch(() => undefined);
  }
}
