import { fork } from 'node:child_process';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { AccountHead, StoredAccount } from '../../../src/core/persistence-driver.js';
import type { SqliteDriver } from '../../../src/drivers/sqlite/driver.js';
import { batchOf, onTopOf, rawSqlite, rejection, sqlite, temporaryFolder } from '../support.js';
import { watchedImporter } from './watched-importer.js';

const IDS = Array.from({ length: 20 }, (_, index) => `account ${index}`);

/** Commits to all accounts in one turn of the event loop. */
function commitAll(
  driver: SqliteDriver,
  value: string,
  heads: ReadonlyMap<string, AccountHead>,
): Promise<AccountHead>[] {
  return IDS.map((id) => driver.commit(id, batchOf({ k: value, l: value }), onTopOf(heads.get(id))));
}

async function headsOf(committed: readonly Promise<AccountHead>[]): Promise<Map<string, AccountHead>> {
  const heads = await Promise.all(committed);
  return new Map(IDS.flatMap((id, index) => heads.slice(index, index + 1).map((head) => [id, head] as const)));
}

/** The value that every record of the account has; fails where they differ. */
function valueIn(stored: StoredAccount | undefined): string | undefined {
  const values = new Set(stored?.records.values());
  expect(values.size).toBeLessThanOrEqual(1);
  return [...values][0];
}

/** A trigger of somebody else that lets no record of this account pass. */
async function refuse(path: string, id: string, how: 'ABORT' | 'FAIL' | 'ROLLBACK'): Promise<void> {
  const raw = await rawSqlite(path);
  await raw.query(
    `CREATE TRIGGER refusing BEFORE INSERT ON keyv WHEN NEW.key LIKE '%${encodeURIComponent(id)}}:r:l'
       BEGIN SELECT RAISE(${how}, 'not this one'); END`,
  );
}

describe('SqliteDriver: many accounts side by side', () => {
  it('commits those of one turn by one statement, and those that come meanwhile by the next', async () => {
    const path = join(await temporaryFolder(), 'state.db');
    const { importer, statements, nextCommit } = watchedImporter();
    const driver = sqlite({ path }, importer);
    const heads = await headsOf(commitAll(driver, '1', new Map()));
    statements.length = 0;
    const begun = nextCommit();
    const first = driver.commit('other', batchOf({ k: '1' }), onTopOf(await driver.head('other')));
    await begun;
    const later = await headsOf(commitAll(driver, '2', heads));
    await first;
    expect(statements.filter((sql) => sql.startsWith('INSERT')).length).toBe(2);
    for (const id of IDS) {
      const stored = await driver.load(id);
      expect(stored?.head).toEqual(later.get(id));
      expect(valueIn(stored)).toBe('2');
    }
  });

  it('rejects CONFLICT for the accounts that others have changed, and commits the rest', async () => {
    const path = join(await temporaryFolder(), 'state.db');
    const driver = sqlite({ path });
    const heads = await headsOf(commitAll(driver, '1', new Map()));
    const other = sqlite({ path });
    const changed = new Set(['account 3', 'account 4', 'account 19']);
    for (const id of changed) await other.commit(id, batchOf({ k: 'theirs', l: 'theirs' }), onTopOf(heads.get(id)));
    const results = await Promise.allSettled(commitAll(driver, '2', heads));
    for (const [index, id] of IDS.entries()) {
      const committed = { status: 'fulfilled', value: { revision: 2 } };
      const refused = { status: 'rejected', reason: { code: 'CONFLICT', head: { revision: 2 } } };
      expect(results[index]).toMatchObject(changed.has(id) ? refused : committed);
      expect(valueIn(await other.load(id))).toBe(changed.has(id) ? 'theirs' : '2');
    }
  });

  it.each(['ABORT', 'FAIL', 'ROLLBACK'] as const)(
    'rejects the one account whose record a trigger refuses by RAISE(%s), and commits the others',
    async (how) => {
      const path = join(await temporaryFolder(), 'state.db');
      const driver = sqlite({ path });
      const heads = await headsOf(commitAll(driver, '1', new Map()));
      await refuse(path, 'account 7', how);
      const results = await Promise.allSettled(commitAll(driver, '2', heads));
      for (const [index, id] of IDS.entries()) {
        const committed = { status: 'fulfilled', value: { revision: 2 } };
        const refused = { status: 'rejected', reason: { code: 'UNAVAILABLE', cause: { code: 'SQLITE_CONSTRAINT' } } };
        const isRefused = id === 'account 7';
        expect(results[index]).toMatchObject(isRefused ? refused : committed);
        const stored = await driver.load(id);
        expect(stored?.head.revision).toBe(isRefused ? 1 : 2);
        if (!isRefused) expect(valueIn(stored)).toBe('2');
      }
    },
  );

  it('acknowledges none of them when the file is removed under way', async () => {
    const path = join(await temporaryFolder(), 'state.db');
    let isRemoved = false;
    const { importer } = watchedImporter(async (sql) => {
      if (!isRemoved || !sql.startsWith('INSERT')) return;
      for (const suffix of ['', '-wal', '-shm']) await rm(path + suffix, { force: true });
    });
    const driver = sqlite({ path }, importer);
    const heads = await headsOf(commitAll(driver, '1', new Map()));
    isRemoved = true;
    for (const committed of commitAll(driver, '2', heads).map(rejection)) {
      expect(await committed).toMatchObject({ code: 'UNAVAILABLE', outcome: 'unknown' });
    }
  });

  it('rejects all of them while the database is locked, and commits them afterwards', async () => {
    const path = join(await temporaryFolder(), 'state.db');
    const driver = sqlite({ path, busyTimeoutMs: 20 });
    const heads = await headsOf(commitAll(driver, '1', new Map()));
    const raw = await rawSqlite(path);
    await raw.query('BEGIN IMMEDIATE');
    for (const committed of commitAll(driver, '2', heads).map(rejection)) {
      expect(await committed).toMatchObject({ outcome: 'not-applied', cause: { code: 'SQLITE_BUSY' } });
    }
    await raw.query('ROLLBACK');
    await headsOf(commitAll(driver, '2', heads));
  });

  it('rejects TIMEOUT for the one whose deadline passes, and commits the others with which it went', async () => {
    const path = join(await temporaryFolder(), 'state.db');
    const driver = sqlite({ path });
    const heads = await headsOf(commitAll(driver, '1', new Map()));
    const raw = await rawSqlite(path);
    await raw.query('BEGIN IMMEDIATE');
    const impatient = onTopOf(undefined);
    const timedOut = rejection(driver.commit('impatient', batchOf({ k: '1' }), { ...impatient, timeoutMs: 30 }));
    const committed = commitAll(driver, '2', heads);
    expect(await timedOut).toMatchObject({ code: 'TIMEOUT', outcome: 'unknown' });
    await raw.query('ROLLBACK');
    await headsOf(committed);
    expect((await driver.commit('impatient', batchOf({ k: '1' }), impatient)).revision).toBe(1);
  });

  it('keeps every account whole, and every acknowledged commit, when the process is killed', async () => {
    const path = join(await temporaryFolder(), 'state.db');
    const script = fileURLToPath(new URL('./group-writer.ts', import.meta.url));
    for (let kill = 0; kill < 3; kill += 1) {
      const child = fork(script, [path], { execArgv: ['--import', 'tsx'] });
      const acknowledged = new Map<string, number>();
      const exited = once(child, 'exit');
      await new Promise<void>((resolve) => {
        child.on('message', ([id, revision]: [string, number]) => {
          acknowledged.set(id, revision);
          // Somewhere in the midst of what is under way.
          if (acknowledged.size === 50 && revision % 7 === 3 + kill) resolve();
        });
      });
      child.kill('SIGKILL');
      await exited;
      const driver = sqlite({ path });
      for (const [id, revision] of acknowledged) {
        const stored = await driver.load(id);
        expect(stored?.head.revision).toBeGreaterThanOrEqual(revision);
        expect(valueIn(stored)).toBe(String(stored?.head.revision));
      }
      await driver.close();
    }
  });
});
