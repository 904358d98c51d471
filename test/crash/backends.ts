import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startRedis } from '../support/servers/redis/redis-server.js';
import { startPostgres } from '../support/servers/sql/postgres-server.js';

/** A backend to crash against. */
export interface CrashBackend {
  readonly url: string;
  /** The process of the backend; SQLite has none. */
  readonly server?: {
    /** SIGKILL. */
    kill(): Promise<void>;
    start(): Promise<void>;
  };
  dispose(): Promise<void>;
}

/** The backends that a crash run can be made on, by the name of the driver. */
export const CRASH_BACKENDS = {
  sqlite: async (): Promise<CrashBackend> => {
    const folder = mkdtempSync(join(tmpdir(), 'accountkeeper-crash-'));
    return {
      url: `sqlite://${join(folder, 'state.db')}`,
      dispose: async () => rmSync(folder, { recursive: true, force: true }),
    };
  },
  redis: async (): Promise<CrashBackend> => {
    const server = await startRedis({ appendfsync: 'always' });
    return { url: server.url, server, dispose: () => server.dispose() };
  },
  postgres: async (): Promise<CrashBackend> => {
    const server = await startPostgres();
    return { url: server.url, server, dispose: () => server.dispose() };
  },
} as const satisfies Readonly<Record<string, () => Promise<CrashBackend>>>;

/** The name of a {@link CRASH_BACKENDS}. */
export type CrashBackendName = keyof typeof CRASH_BACKENDS;

/** Whether the text is one. */
export function isCrashBackend(name: string): name is CrashBackendName {
  return Object.hasOwn(CRASH_BACKENDS, name);
}
