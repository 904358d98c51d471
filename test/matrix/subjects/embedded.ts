import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MemoryDriver } from '../../../src/drivers/memory/driver.js';
import { keyvMapSubject } from '../../contract-suite/subjects/keyv-map-subject.js';
import { memorySubject } from '../../contract-suite/subjects/memory-subject.js';
import { sqliteSubject } from '../../contract-suite/subjects/sqlite-subject.js';
import { fixture, type MatrixSubject, packageVersions, TSX } from '../matrix-subject.js';

/** In the process. */
export const memory: MatrixSubject = {
  name: 'memory',
  start: async () => ({
    subject: { ...memorySubject('memory', undefined, MemoryDriver), module: fixture('memory'), execArgv: TSX },
    versions: [],
    dispose: async () => undefined,
  }),
};

/** A file in a temporary folder. */
export const sqlite: MatrixSubject = {
  name: 'sqlite',
  start: async () => {
    const folder = await mkdtemp(join(tmpdir(), 'accountkeeper-matrix-'));
    const path = join(folder, 'state.db');
    const subject = { ...sqliteSubject(path), module: fixture('sqlite', { path }), execArgv: TSX };
    return {
      subject,
      versions: [`SQLite ${await sqliteVersion()}`, ...packageVersions('keyv', '@keyv/sqlite', 'sqlite3')],
      dispose: () => rm(folder, { recursive: true, force: true }),
    };
  },
};

/** The generic driver on a Keyv with a `Map`. */
export const keyvMap: MatrixSubject = {
  name: 'keyv+map',
  start: async () => ({
    subject: { ...keyvMapSubject(), module: fixture('keyv-map'), execArgv: TSX },
    versions: packageVersions('keyv'),
    dispose: async () => undefined,
  }),
};

async function sqliteVersion(): Promise<string> {
  const { KeyvSqlite } = await import('@keyv/sqlite');
  const adapter = new KeyvSqlite({ uri: 'sqlite://:memory:' });
  const [row] = (await adapter.query('SELECT sqlite_version() AS version')) as readonly { readonly version: string }[];
  await adapter.disconnect();
  return row?.version ?? '';
}
