import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { isAccountKeeperError } from '../../../src/core/errors.js';
import type { AccountHead } from '../../../src/core/persistence-driver.js';
import { startFaultProxy } from '../../support/servers/network/fault-proxy.js';
import { poll } from '../../support/servers/poll.js';
import { startPostgres } from '../../support/servers/sql/postgres-server.js';
import { afterTest, batchOf, collect, onTopOf, rejection } from '../support.js';
import {
  configure,
  endSessionsOf,
  movablePostgres,
  type PostgresSession,
  postgres,
  sessionOn,
  sessionsOf,
  setStandby,
  uniqueName,
} from './support.js';

const server = await startPostgres();
const proxy = await startFaultProxy(server);
const { url } = server;
const proxied = proxy.urlFor(url);

afterAll(async () => {
  await proxy.close();
  await server.dispose();
});

let table = '';
let application = '';

beforeEach(() => {
  table = uniqueName();
  application = uniqueName();
});

/** A driver on the test's table, whose sessions can be told by the test's name for them. */
function driverOn(through: string, more: { poolSize?: number; operationTimeoutMs?: number } = {}) {
  return postgres({ url: through, table, applicationName: application, ...more });
}

/** A setting of the driver's user, which new sessions take over; until the test is over, or it is reset. */
async function setForUser(setting: string, value: string): Promise<() => Promise<void>> {
  await server.query(`ALTER ROLE keeper SET ${setting} = ${value}`);
  const reset = async (): Promise<void> => {
    await server.query(`ALTER ROLE keeper RESET ${setting}`);
  };
  afterTest(reset);
  return reset;
}

async function waitForLockWaiters(count: number): Promise<void> {
  await poll(`${count} sessions that wait for a lock`, async () => {
    const sessions = await sessionsOf(server, application);
    return sessions.filter((session) => session['wait_event_type'] === 'Lock').length === count || undefined;
  });
}

/** Holds the row of an account's head. */
async function holdHead(account: string): Promise<PostgresSession> {
  const session = await sessionOn(url);
  await session.query('BEGIN');
  await session.query(`SELECT 1 FROM ${table} WHERE key = $1 FOR UPDATE`, [`accountkeeper:{${account}}:head`]);
  return session;
}

describe('PostgresDriver: a repetition that overlaps its first attempt', () => {
  it.each(['read committed', 'repeatable read', 'serializable'])(
    'finds that it has landed, when both waited for the row of the head, each %s',
    async (isolation) => {
      await setForUser('default_transaction_isolation', `'${isolation}'`);
      const [first, again] = [driverOn(url), driverOn(url)];
      const head = await first.commit('a', batchOf({ k: '0', old: '0' }), onTopOf(undefined));
      await again.load('a');
      for (const end of ['ROLLBACK', 'COMMIT']) {
        const before = (await first.head('a')) as AccountHead;
        const holder = await holdHead('a');
        const options = onTopOf(before);
        const batch = batchOf({ k: end }, ['old']);
        const attempts = [first, again].map((driver) => driver.commit('a', batch, options));
        await waitForLockWaiters(2);
        await holder.query(end);
        const heads = await Promise.all(attempts);
        expect(heads[0]).toEqual(heads[1]);
        expect(heads[0]?.revision).toBe(before.revision + 1);
        expect([...((await again.load('a'))?.records ?? [])]).toEqual([['k', end]]);
      }
      expect(head.revision).toBe(1);
    },
  );

  it('finds that it has landed, when the first attempt was given up and its session went on', async () => {
    const driver = driverOn(proxied);
    const head = await driver.commit('a', batchOf({ k: '0' }), onTopOf(undefined));
    const holder = await holdHead('a');
    // The request to cancel does not arrive either: the statement stays where it is.
    const options = onTopOf(head);
    const controller = new AbortController();
    const given = rejection(driver.commit('a', batchOf({ k: '1' }), { ...options, signal: controller.signal }));
    await waitForLockWaiters(1);
    proxy.blackHole('to-server');
    controller.abort();
    expect(await given).toMatchObject({ code: 'ABORTED', outcome: 'unknown' });
    const again = driverOn(url);
    const repeated = again.commit('a', batchOf({ k: '1' }), options);
    await waitForLockWaiters(2);
    await holder.query('COMMIT');
    expect(await repeated).toMatchObject({ revision: 2, writeId: options.writeId });
    await proxy.heal();
    expect(await driver.commit('a', batchOf({ k: '1' }), options)).toMatchObject({ revision: 2 });
  });

  it('conflicts, when another commit landed while it waited', async () => {
    const driver = driverOn(url);
    const head = await driver.commit('a', batchOf({ k: '0' }), onTopOf(undefined));
    const holder = await holdHead('a');
    const commit = rejection(driver.commit('a', batchOf({ k: '1' }), onTopOf(head)));
    await waitForLockWaiters(1);
    const theirs = JSON.stringify({ revision: 2, writerId: 'other', writeId: 'other', meta: '', dropped: false });
    await holder.query(`UPDATE ${table} SET value = $1`, [JSON.stringify({ value: theirs })]);
    await holder.query('COMMIT');
    expect(await commit).toMatchObject({ code: 'CONFLICT', head: { writerId: 'other' } });
  });

  it('is written once more when it is repeated', async () => {
    const driver = driverOn(url);
    const options = onTopOf(undefined);
    await driver.commit('a', batchOf({ k: '1' }), options);
    const position = async (): Promise<unknown> =>
      (await server.query(`SELECT ctid::text, xmin::text FROM ${table} WHERE key LIKE '%:head'`))[0];
    const before = await position();
    await driver.commit('a', batchOf({ k: '1' }), options);
    expect(await position()).not.toEqual(before);
  });
});

describe('PostgresDriver: a commit that the server warns of', () => {
  it.each(['notice', 'error'])(
    'is unknown when its wait for a standby was cancelled, and waits again when it is repeated, with messages from %s on',
    async (messages) => {
      await setForUser('client_min_messages', messages);
      const driver = driverOn(url);
      const head = await driver.commit('a', batchOf({ k: '1' }), onTopOf(undefined));
      const removeStandby = await configure(server, 'synchronous_standby_names', "'nobody'");
      const options = onTopOf(head);
      for (let attempt = 1; attempt <= 2; attempt += 1) {
        const committing = rejection(driver.commit('a', batchOf({ k: '2' }), options));
        const pid = await poll('a session that waits for a standby', async () => {
          const sessions = await sessionsOf(server, application);
          return sessions.find((session) => session['wait_event'] === 'SyncRep')?.['pid'];
        });
        await server.query('SELECT pg_cancel_backend($1)', [pid]);
        expect(await committing).toMatchObject({ code: 'UNAVAILABLE', outcome: 'unknown', retryable: true });
      }
      await removeStandby();
      await expect(driver.commit('a', batchOf({ k: '2' }), options)).resolves.toMatchObject({ revision: 2 });
      expect([...((await driver.load('a'))?.records ?? [])]).toEqual([['k', '2']]);
    },
  );

  it('is unknown whatever the warning, and none when a trigger only has something to say', async () => {
    const driver = driverOn(url);
    const head = await driver.commit('a', batchOf({ k: '1' }), onTopOf(undefined));
    const raise = async (level: string): Promise<void> => {
      await server.query(`CREATE OR REPLACE FUNCTION ${table}_says() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN RAISE ${level} 'something'; RETURN new; END $$`);
    };
    await raise('NOTICE');
    await server.query(`CREATE TRIGGER says BEFORE INSERT OR UPDATE ON ${table}
      FOR EACH ROW EXECUTE FUNCTION ${table}_says()`);
    const second = await driver.commit('a', batchOf({ k: '2' }), onTopOf(head));
    await raise('WARNING');
    const warned = await rejection(driver.commit('a', batchOf({ k: '3' }), onTopOf(second)));
    expect(warned).toMatchObject({ code: 'UNAVAILABLE', outcome: 'unknown', retryable: true });
  });
});

describe('PostgresDriver: deadlines', () => {
  it.each([
    ['TCP', url],
    ['a Unix socket', `${url.replace(/@[^/]*/, '@')}?host=${encodeURIComponent(server.folder)}&port=${server.port}`],
  ])('leaves no session behind that waits for a lock, and its connections are free, over %s', async (_way, by) => {
    const driver = driverOn(by, { poolSize: 1 });
    const head = await driver.commit('a', batchOf({ k: '0' }), onTopOf(undefined));
    const holder = await sessionOn(url);
    await holder.query('BEGIN');
    await holder.query(`LOCK TABLE ${table}`);
    for (let attempt = 0; attempt < 3; attempt += 1) {
      const commit = driver.commit('a', batchOf({ k: '1' }), { ...onTopOf(head), timeoutMs: 100 });
      expect(await rejection(commit)).toMatchObject({ code: 'TIMEOUT', outcome: 'unknown' });
      expect(await rejection(driver.load('a', { timeoutMs: 100 }))).toMatchObject({ code: 'TIMEOUT' });
    }
    await poll('the end of the sessions', async () => {
      return (await sessionsOf(server, application)).length === 0 || undefined;
    });
    await holder.query('ROLLBACK');
    await driver.commit('a', batchOf({ k: '2' }), onTopOf(head));
  });

  it('bounds the wait for a free connection by the deadline of who waits', async () => {
    const driver = driverOn(url, { poolSize: 1 });
    const head = await driver.commit('a', batchOf({ k: '0' }), onTopOf(undefined));
    const holder = await holdHead('a');
    const patient = driver.commit('a', batchOf({ k: '1' }), onTopOf(head));
    await waitForLockWaiters(1);
    expect(await rejection(driver.head('b', { timeoutMs: 50 }))).toMatchObject({ code: 'TIMEOUT' });
    const waiting = driver.head('b');
    await holder.query('ROLLBACK');
    expect((await patient).revision).toBe(2);
    expect(await waiting).toBeUndefined();
  });

  it('leaves connections for other accounts, when some wait for locks', async () => {
    const driver = driverOn(url);
    const locked = ['a', 'b', 'c', 'd'];
    const heads = await Promise.all(locked.map((id) => driver.commit(id, batchOf(), onTopOf(undefined))));
    const holder = await sessionOn(url);
    await holder.query('BEGIN');
    await holder.query(`SELECT 1 FROM ${table} FOR UPDATE`);
    const waiting = locked.map((id, index) => driver.commit(id, batchOf(), onTopOf(heads[index])));
    await waitForLockWaiters(locked.length);
    await driver.commit('free', batchOf({ k: '1' }), onTopOf(undefined));
    await holder.query('ROLLBACK');
    for (const head of await Promise.all(waiting)) expect(head.revision).toBe(2);
  });

  it('works at once when a network comes back that lost everything, however many connections there were', async () => {
    const driver = driverOn(proxied, { poolSize: 3, operationTimeoutMs: 2000 });
    await Promise.all(['a', 'b', 'c'].map((id) => driver.commit(id, batchOf({ k: '0' }), onTopOf(undefined))));
    proxy.blackHole();
    afterTest(() => proxy.heal());
    const lost = ['a', 'b'].map((id) => rejection(driver.load(id, { timeoutMs: 100 })));
    for (const error of await Promise.all(lost)) expect(error.code).toBe('TIMEOUT');
    // These are lost while they connect.
    const connecting = ['a', 'b', 'c', 'd'].map((id) => rejection(driver.load(id, { timeoutMs: 100 })));
    for (const error of await Promise.all(connecting)) expect(error.code).toBe('TIMEOUT');
    // Only what is new works: the old connections would cost the whole deadline.
    await proxy.heal();
    const loads = await Promise.all(['a', 'b', 'c', 'd'].map((id) => driver.load(id, { timeoutMs: 1000 })));
    expect(loads.map((stored) => stored?.head.revision)).toEqual([1, 1, 1, undefined]);
  });

  it('closes in time while a server is paused that it is connecting to', async () => {
    const driver = driverOn(url);
    await server.pause();
    try {
      const opening = rejection(driver.open());
      await driver.close({ timeoutMs: 500 }).catch(() => undefined);
      expect((await opening).code).toBe('CLOSED');
    } finally {
      await server.resume();
    }
  });
});

describe('PostgresDriver: recovery', () => {
  it('goes on after its idle connections were ended', async () => {
    const driver = driverOn(url);
    let head: AccountHead | undefined;
    for (let round = 0; round < 5; round += 1) {
      await Promise.all(['a', 'b', 'c'].map((id) => driver.head(id)));
      await server.query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1', [
        application,
      ]);
      const options = onTopOf(head);
      head = await poll('a commit', async () => driver.commit('a', batchOf({ k: `${round}` }), options));
      expect(head.revision).toBe(round + 1);
    }
  });

  it('goes on after its connection was ended while it committed', async () => {
    const driver = driverOn(url);
    const head = await driver.commit('a', batchOf({ k: '0' }), onTopOf(undefined));
    const holder = await holdHead('a');
    const options = onTopOf(head);
    const commit = rejection(driver.commit('a', batchOf({ k: '1' }), options));
    await waitForLockWaiters(1);
    await server.query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1', [
      application,
    ]);
    expect(await commit).toMatchObject({ code: 'UNAVAILABLE', outcome: 'unknown', retryable: true });
    await holder.query('ROLLBACK');
    expect((await driver.commit('a', batchOf({ k: '1' }), options)).revision).toBe(2);
  });

  it('says unknown when the answer is lost, and the repetition finds what landed', async () => {
    const driver = driverOn(proxied);
    const head = await driver.commit('a', batchOf({ k: '0' }), onTopOf(undefined));
    for (const bytes of [0, 10]) {
      proxy.cutMidReply(bytes);
      const before = (await driverOn(url).head('a')) ?? head;
      const options = onTopOf(before);
      const commit = driver.commit('a', batchOf({ k: `${bytes}` }), options);
      expect(await rejection(commit)).toMatchObject({ code: 'UNAVAILABLE', outcome: 'unknown', retryable: true });
      expect((await driverOn(url).head('a'))?.writeId).toBe(options.writeId);
      expect((await driver.commit('a', batchOf({ k: `${bytes}` }), options)).revision).toBe(before.revision + 1);
    }
  });

  it('goes on after the server was killed, and after it was down at open', async () => {
    const driver = driverOn(url);
    const late = postgres({ url, table: uniqueName() });
    const head = await driver.commit('a', batchOf({ k: '1' }), onTopOf(undefined));
    await server.kill();
    const failing = [driver.load('a'), late.open()];
    for (const error of await Promise.all(failing.map(rejection))) {
      expect(error).toMatchObject({ code: 'UNAVAILABLE', outcome: 'not-applied', retryable: true });
    }
    await server.start();
    expect((await driver.load('a'))?.head).toEqual(head);
    await late.commit('a', batchOf({ k: '1' }), onTopOf(undefined));
  });

  it('takes no answer from a standby, and goes on when it is a primary', async () => {
    const driver = driverOn(url);
    const head = await driver.commit('a', batchOf({ k: '1' }), onTopOf(undefined));
    await server.stop();
    setStandby(server, 'standby');
    await server.start();
    try {
      const calls = [
        driver.head('a'),
        driver.load('a'),
        driver.load('never written'),
        collect(driver.accounts()),
        driver.commit('a', batchOf(), onTopOf(head)),
        postgres({ url, table }).open(),
      ];
      for (const error of await Promise.all(calls.map(rejection))) {
        expect(error).toMatchObject({ code: 'UNAVAILABLE', outcome: 'not-applied', retryable: true });
      }
    } finally {
      await server.stop();
      setStandby(server, 'primary');
      await server.start();
    }
    await driver.commit('a', batchOf({ k: '2' }), onTopOf(head));
  });

  it('gets away from a standby to which the address led for a moment', { timeout: 60_000 }, async () => {
    const other = await startPostgres();
    afterTest(() => other.dispose());
    await other.query('GRANT ALL ON SCHEMA public TO keeper');
    await postgres({ url: other.url, table }).open();
    await other.stop();
    setStandby(other, 'standby');
    await other.start();
    const { driver, moveTo } = movablePostgres({ url, table, applicationName: application });
    const head = await driver.commit('a', batchOf({ k: '1' }), onTopOf(undefined));
    moveTo(other);
    await endSessionsOf(server, application);
    // Some of the first may be answered by the end of an old connection, none of the second.
    for (let round = 0; round < 2; round += 1) {
      const calls = [driver.load('a'), driver.head('a'), driver.load('b')];
      for (const error of await Promise.all(calls.map(rejection))) {
        expect(error).toMatchObject({ code: 'UNAVAILABLE', outcome: 'not-applied', retryable: true });
      }
    }
    moveTo(server);
    expect((await driver.load('a'))?.head).toEqual(head);
    expect((await driver.commit('a', batchOf({ k: '2' }), onTopOf(head))).revision).toBe(2);
  });

  it('gets away from sessions that were begun while transactions were read-only', async () => {
    const driver = driverOn(url);
    const head = await driver.commit('a', batchOf({ k: '1' }), onTopOf(undefined));
    const reset = await setForUser('default_transaction_read_only', 'on');
    await endSessionsOf(server, application);
    // The reads succeed, and their sessions are kept.
    await poll('sessions', async () => Promise.all(['a', 'b', 'c', 'd'].map((id) => driver.load(id))));
    await reset();
    const commit = rejection(driver.commit('a', batchOf({ k: '2' }), onTopOf(head)));
    expect(await commit).toMatchObject({ code: 'UNAVAILABLE', outcome: 'not-applied', retryable: true });
    expect((await driver.commit('a', batchOf({ k: '2' }), onTopOf(head))).revision).toBe(2);
  });
});

describe('PostgresDriver: refusals of the server', () => {
  it('are not applied: a statement that took too long', async () => {
    const reset = await setForUser('statement_timeout', "'100ms'");
    const driver = driverOn(url);
    const head = await driver.commit('a', batchOf({ k: '0' }), onTopOf(undefined));
    const holder = await holdHead('a');
    const commit = driver.commit('a', batchOf({ k: '1' }), onTopOf(head));
    expect(await rejection(commit)).toMatchObject({ code: 'UNAVAILABLE', outcome: 'not-applied', retryable: true });
    await reset();
    // A session that goes on has the old limit.
    await poll('the end of the session', async () => (await sessionsOf(server, application)).length === 0 || undefined);
    const patient = driver.commit('a', batchOf({ k: '1' }), onTopOf(head));
    await waitForLockWaiters(1);
    await holder.query('ROLLBACK');
    expect((await patient).revision).toBe(2);
  });

  it('are not applied: too many connections', async () => {
    await server.query('ALTER ROLE keeper CONNECTION LIMIT 1');
    afterTest(async () => void (await server.query('ALTER ROLE keeper CONNECTION LIMIT -1')));
    const driver = driverOn(url);
    await driver.open();
    const results = await Promise.allSettled(Array.from({ length: 8 }, () => driver.load('a')));
    const errors = results.flatMap((result) => (result.status === 'rejected' ? [result.reason] : []));
    expect(errors.length).toBeGreaterThan(0);
    for (const error of errors) expect(error).toMatchObject({ code: 'UNAVAILABLE', retryable: true });
    await driver.commit('a', batchOf(), onTopOf(undefined));
  });

  it('never lose or double a commit where transactions are serializable', async () => {
    await setForUser('default_transaction_isolation', "'serializable'");
    const drivers = [driverOn(url), driverOn(url), driverOn(url)];
    await drivers[0]?.commit('a', batchOf({ count: '0' }), onTopOf(undefined));
    const increment = async (driver: (typeof drivers)[number]): Promise<void> => {
      for (let done = 0; done < 10; ) {
        try {
          const stored = await driver.load('a');
          const count = Number(stored?.records.get('count')) + 1;
          await driver.commit('a', batchOf({ count: `${count}` }), onTopOf(stored?.head));
          done += 1;
        } catch (error) {
          if (!isAccountKeeperError(error)) throw error;
          expect(error.outcome).toBe('not-applied');
          expect(error.code === 'CONFLICT' || error.retryable).toBe(true);
        }
      }
    };
    await Promise.all(drivers.map(increment));
    expect((await drivers[0]?.load('a'))?.records.get('count')).toBe('30');
  });
});
