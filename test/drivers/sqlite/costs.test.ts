import { stat } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { syncsOfProgram } from '../../support/count-syncs.js';
import { accountOf, deletesOf, documents, payloadBytes } from '../costs.js';
import { sqlite, temporaryFolder } from '../support.js';

interface Sqlite3 {
  readonly Statement: { readonly prototype: Readonly<Record<'all' | 'run' | 'get' | 'each', () => unknown>> };
  readonly Database: { readonly prototype: Readonly<Record<'exec', () => unknown>> };
}

const ofAdapter = createRequire(createRequire(import.meta.url).resolve('@keyv/sqlite'));
const { Statement, Database } = ofAdapter('sqlite3') as Sqlite3;

/** A page of the database, and what the write-ahead log puts before it. */
const FRAME = 4_096 + 24;
const RECORDS = 1_000;

afterEach(() => {
  vi.restoreAllMocks();
});

/** How many statements all connections of this process have run since. */
function statementCounter(): () => number {
  const calls = [
    ...(['all', 'run', 'get', 'each'] as const).map((method) => vi.spyOn(Statement.prototype, method)),
    vi.spyOn(Database.prototype, 'exec'),
  ];
  return () => calls.reduce((sum, { mock }) => sum + mock.calls.length, 0);
}

describe('what a commit costs on SQLite', () => {
  it.each([1, 10, 1_000])('is one statement for %i changes, and for as many deletes', async (count) => {
    const driver = sqlite({ path: join(await temporaryFolder(), 'state.db') });
    const account = await accountOf(driver, 'a', RECORDS);
    const statements = statementCounter();
    await account.commit(documents(count));
    expect(statements()).toBe(1);
    await account.commit(deletesOf(count));
    expect(statements()).toBe(2);
  });

  it('is one statement for all accounts that commit in one turn', async () => {
    const driver = sqlite({ path: join(await temporaryFolder(), 'state.db') });
    const accounts = await Promise.all(Array.from({ length: 50 }, (_, index) => accountOf(driver, `a${index}`, 1)));
    const statements = statementCounter();
    await Promise.all(accounts.map((account) => account.commit(documents(1))));
    expect(statements()).toBe(1);
  });

  it('is one sync', { timeout: 120_000 }, async () => {
    const script = join(import.meta.dirname, 'committing-program.ts');
    const folder = await temporaryFolder();
    const syncsOf = (commits: number): Promise<number> =>
      syncsOfProgram(script, [join(folder, `${commits}.db`), String(commits)]);
    // What opening and closing take is in both.
    expect((await syncsOf(30)) - (await syncsOf(10))).toBe(20);
  });

  it('is, in the write-ahead log, the pages of the head and of the changed record', async () => {
    const path = join(await temporaryFolder(), 'state.db');
    const account = await accountOf(sqlite({ path }), 'a', RECORDS);
    const before = (await stat(`${path}-wal`)).size;
    await account.commit(documents(1, RECORDS / 2));
    expect((await stat(`${path}-wal`)).size - before).toBeLessThanOrEqual(2 * FRAME);
  });

  it('is, in the write-ahead log, hardly more than what 1,000 changes take', async () => {
    const path = join(await temporaryFolder(), 'state.db');
    const account = await accountOf(sqlite({ path }), 'a', RECORDS);
    const before = (await stat(`${path}-wal`)).size;
    const batch = documents(RECORDS);
    await account.commit(batch);
    expect((await stat(`${path}-wal`)).size - before).toBeLessThanOrEqual(1.3 * payloadBytes(batch));
  });
});
