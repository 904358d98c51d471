import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { isAccountKeeperError } from '../../../src/core/errors.js';
import type { AccountHead, CommitOptions, PersistenceDriver } from '../../../src/core/persistence-driver.js';
import { poll } from '../../support/servers/poll.js';
import { startPostgres } from '../../support/servers/sql/postgres-server.js';
import { batchOf, onTopOf, rejection } from '../support.js';
import { type PostgresSession, postgres, sessionOn, sessionsOf, spiedPostgres, uniqueName } from './support.js';

const server = await startPostgres();
const { url } = server;

afterAll(() => server.dispose());

let table = '';
let application = '';

beforeEach(() => {
  table = uniqueName();
  application = uniqueName();
});

const ids = Array.from({ length: 20 }, (_, index) => `account ${index}`);

/** Writes the first heads. */
async function begin(driver: PersistenceDriver): Promise<Map<string, AccountHead>> {
  const heads = ids.map(async (id) => [id, await driver.commit(id, batchOf({ k: '0' }), onTopOf(undefined))] as const);
  return new Map(await Promise.all(heads));
}

/** Locks rows for somebody else. */
async function hold(key: string): Promise<PostgresSession> {
  const session = await sessionOn(url);
  await session.query('BEGIN');
  await session.query(`SELECT 1 FROM ${table} WHERE key = $1 FOR UPDATE`, [key]);
  return session;
}

async function waitForLockWaiter(): Promise<void> {
  await poll('a session that waits for a lock', async () => {
    const sessions = await sessionsOf(server, application);
    return sessions.some((session) => session['wait_event_type'] === 'Lock') || undefined;
  });
}

async function transactionsThatWrote(value: string): Promise<number> {
  const [row] = await server.query(
    `SELECT count(DISTINCT xmin::text)::integer AS transactions FROM ${table} WHERE value LIKE $1`,
    [`%${value}%`],
  );
  return Number(row?.['transactions']);
}

describe('PostgresDriver: commits of many accounts at the same time', () => {
  it('go together, in one statement', async () => {
    const { driver, statements } = spiedPostgres({ url, table });
    const heads = await begin(driver);
    const before = statements.length;
    const next = await Promise.all(
      ids.map((id, index) => {
        const batch = index % 2 === 0 ? batchOf({ k: 'next', l: id }) : batchOf({ l: 'next' }, ['k']);
        return driver.commit(id, batch, onTopOf(heads.get(id)));
      }),
    );
    expect(next.map(({ revision }) => revision)).toEqual(ids.map(() => 2));
    expect(statements.length - before).toBe(1);
    expect(await transactionsThatWrote('next')).toBe(1);
    for (const [index, id] of ids.entries()) {
      const records = index % 2 === 0 ? { k: 'next', l: id } : { l: 'next' };
      expect(Object.fromEntries((await driver.load(id))?.records ?? [])).toEqual(records);
    }
  });

  it('conflict each by itself', async () => {
    const driver = postgres({ url, table });
    const heads = await begin(driver);
    const other = postgres({ url, table });
    const changed = ids.filter((_, index) => index % 5 === 0);
    for (const id of changed) await other.commit(id, batchOf({ k: 'theirs' }), onTopOf(heads.get(id)));
    const commits = await Promise.allSettled(
      ids.map((id) => driver.commit(id, batchOf({ k: 'ours' }), onTopOf(heads.get(id)))),
    );
    for (const [index, id] of ids.entries()) {
      const isChanged = changed.includes(id);
      if (isChanged) expect(commits[index]).toMatchObject({ status: 'rejected', reason: { code: 'CONFLICT' } });
      else expect(commits[index]).toMatchObject({ status: 'fulfilled', value: { revision: 2 } });
      expect((await other.load(id))?.records.get('k')).toBe(isChanged ? 'theirs' : 'ours');
    }
    expect(await transactionsThatWrote('ours')).toBe(1);
  });

  it.each([
    ['raises an error', "RAISE EXCEPTION 'refused'"],
    ['keeps a row out', 'RETURN NULL'],
  ])('are refused one by one, when a trigger %s', async (_how, refuse) => {
    const driver = postgres({ url, table });
    const heads = await begin(driver);
    await server.query(`CREATE FUNCTION ${table}_refuse() RETURNS trigger LANGUAGE plpgsql AS
      $$ BEGIN IF NEW.value LIKE '%refused%' THEN ${refuse}; END IF; RETURN NEW; END $$`);
    await server.query(`CREATE TRIGGER refuse BEFORE INSERT OR UPDATE ON ${table}
      FOR EACH ROW EXECUTE FUNCTION ${table}_refuse()`);
    const commits = await Promise.allSettled(
      ids.map((id, index) => {
        const batch = batchOf({ k: 'next', l: index === 7 ? 'refused' : 'next' });
        return driver.commit(id, batch, onTopOf(heads.get(id)));
      }),
    );
    for (const [index, commit] of commits.entries()) {
      if (index === 7) expect(commit).toMatchObject({ status: 'rejected', reason: { outcome: 'not-applied' } });
      else expect(commit).toMatchObject({ status: 'fulfilled', value: { revision: 2 } });
    }
    expect(await driver.load('account 7')).toMatchObject({
      head: heads.get('account 7'),
      records: new Map([['k', '0']]),
    });
  });

  it('do not wait for an account that another transaction holds', async () => {
    const driver = postgres({ url, table, applicationName: application });
    const heads = await begin(driver);
    const holder = await hold('accountkeeper:{account%207}:head');
    const [first, ...others] = ['account 7', ...ids.filter((id) => id !== 'account 7')].map((id) =>
      driver.commit(id, batchOf({ k: 'next' }), onTopOf(heads.get(id))),
    );
    for (const { revision } of await Promise.all(others)) expect(revision).toBe(2);
    await waitForLockWaiter();
    // Nor does what comes while it waits.
    await Promise.all(
      others.map(async (head, index) =>
        driver.commit(ids.filter((id) => id !== 'account 7')[index] ?? '', batchOf(), onTopOf(await head)),
      ),
    );
    await holder.query('ROLLBACK');
    expect(await first).toMatchObject({ revision: 2 });
  });

  it('go on when one of them has no time left, whose outcome is unknown', async () => {
    const driver = postgres({ url, table, applicationName: application });
    const heads = await begin(driver);
    const holder = await hold('accountkeeper:{account%200}:r:k');
    const late = onTopOf(heads.get('account 1'), { timeoutMs: 100 });
    const commits = ids.map((id) => {
      const options = id === 'account 1' ? late : onTopOf(heads.get(id));
      return driver.commit(id, batchOf({ k: 'next' }), options);
    });
    const settled = Promise.allSettled(commits);
    await waitForLockWaiter();
    expect(await rejection(commits[1] ?? Promise.reject())).toMatchObject({ code: 'TIMEOUT', outcome: 'unknown' });
    await holder.query('ROLLBACK');
    for (const [index, commit] of (await settled).entries()) {
      if (index !== 1) expect(commit).toMatchObject({ status: 'fulfilled', value: { revision: 2 } });
    }
    expect(await driver.commit('account 1', batchOf({ k: 'next' }), late)).toMatchObject({ revision: 2 });
    expect(await transactionsThatWrote('next')).toBe(1);
  });

  it('are there after the server was killed, if they were acknowledged, and none by half', {
    timeout: 60_000,
  }, async () => {
    const driver = postgres({ url, table });
    const heads = await begin(driver);
    const acknowledged = new Map<string, number>();
    const isDown = new Set<string>();
    let total = 0;
    const run = async (id: string): Promise<void> => {
      for (let round = 1; isDown.size === 0; round += 1) {
        const options: CommitOptions = onTopOf(heads.get(id));
        try {
          heads.set(id, await driver.commit(id, batchOf({ k: `${round}`, l: `${round}` }), options));
          acknowledged.set(id, round);
          total += 1;
        } catch {
          isDown.add(id);
        }
        if (total >= 400 && isDown.size === 0) {
          isDown.add('killed');
          await server.kill();
        }
      }
    };
    await Promise.all(ids.map(run));
    await server.start();
    const again = postgres({ url, table });
    for (const id of ids) {
      const records = (await again.load(id))?.records;
      const round = Number(records?.get('k'));
      expect(Number(records?.get('l') ?? 0)).toBe(round);
      const known = acknowledged.get(id) ?? 0;
      expect([known, known + 1]).toContain(round);
    }
  });

  it('of two drivers never end in a deadlock, and lose none', { timeout: 60_000 }, async () => {
    const drivers = [postgres({ url, table }), postgres({ url, table })];
    for (const driver of drivers) await driver.open();
    const order = [ids, [...ids].reverse()];
    await begin(drivers[0] ?? postgres({ url, table }));
    const increment = async (driver: PersistenceDriver, id: string): Promise<void> => {
      for (let done = 0; done < 10; ) {
        try {
          const stored = await driver.load(id);
          const count = `${Number(stored?.records.get('k')) + 1}`;
          await driver.commit(id, batchOf({ k: count, [`r${count}`]: count }), onTopOf(stored?.head));
          done += 1;
        } catch (error) {
          if (!isAccountKeeperError(error) || error.code !== 'CONFLICT') throw error;
        }
      }
    };
    await Promise.all(drivers.flatMap((driver, index) => (order[index] ?? []).map((id) => increment(driver, id))));
    for (const id of ids) expect((await drivers[0]?.load(id))?.records.get('k')).toBe('20');
    const [row] = await server.query('SELECT sum(deadlocks)::integer AS deadlocks FROM pg_stat_database');
    expect(row?.['deadlocks']).toBe(0);
  });
});
