import type { SqliteImporter } from '../../../src/drivers/sqlite/adapter.js';
import { spiedImporter } from '../support.js';

/** An importer whose adapters report each statement of an open connection, and run it after `before` has settled. */
export function watchedImporter(before: (sql: string) => Promise<void> = async () => undefined): {
  readonly importer: SqliteImporter;
  /** The statements that began. */
  readonly statements: string[];
  /** Resolves when the next commit has begun. */
  readonly nextCommit: () => Promise<void>;
} {
  const statements: string[] = [];
  const waiting: (() => void)[] = [];
  const { importer } = spiedImporter(async (adapter) => ({
    ...adapter,
    repeat: async (sql, ...parameters) => {
      await before(sql);
      const rows = adapter.repeat(sql, ...parameters);
      statements.push(sql);
      if (sql.startsWith('INSERT')) for (const begun of waiting.splice(0)) begun();
      return rows;
    },
  }));
  return { importer, statements, nextCommit: () => new Promise((resolve) => waiting.push(resolve)) };
}
