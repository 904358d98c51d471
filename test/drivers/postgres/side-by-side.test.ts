import { afterAll, expect, it } from 'vitest';
import type { AccountHead } from '../../../src/core/persistence-driver.js';
import type { PostgresDriver } from '../../../src/drivers/postgres/driver.js';
import { startPostgres } from '../../support/servers/sql/postgres-server.js';
import { batchOf, onTopOf } from '../support.js';
import { postgres, sessionOn, uniqueName } from './support.js';

const server = await startPostgres();

afterAll(() => server.dispose());

/** More than the driver has connections. */
const OTHERS = 50;
const PATIENT = { timeoutMs: 60_000 };

/** Accounts with one commit each: the first one, and the others. */
interface Accounts {
  readonly driver: PostgresDriver;
  readonly table: string;
  readonly first: AccountHead;
  readonly others: ReadonlyMap<string, AccountHead>;
}

async function startedAccounts(): Promise<Accounts> {
  const table = uniqueName();
  const driver = postgres({ url: server.url, table });
  const start = (id: string): Promise<AccountHead> =>
    driver.commit(id, batchOf({ k: '1' }), onTopOf(undefined, PATIENT));
  const first = await start('first');
  const ids = Array.from({ length: OTHERS }, (_, index) => `other-${index}`);
  const others = await Promise.all(ids.map(async (id) => [id, await start(id)] as const));
  return { driver, table, first, others: new Map(others) };
}

/** The second commit of each of the others. */
function commitOthers({ driver, others }: Accounts): Promise<readonly AccountHead[]> {
  const commits = Array.from(others, ([id, head]) => driver.commit(id, batchOf({ k: '2' }), onTopOf(head, PATIENT)));
  return Promise.all(commits);
}

it.each(['before the others', 'in one turn with the others'])(
  'an account whose head is locked by somebody else keeps no other account waiting, when it commits %s',
  async (when) => {
    const accounts = await startedAccounts();
    const { driver, first, table } = accounts;
    const holder = await sessionOn(server.url);
    await holder.query('BEGIN');
    await holder.query(`SELECT 1 FROM ${table} WHERE key = $1 FOR UPDATE`, ['accountkeeper:{first}:head']);
    let isAcknowledged = false;
    const stalled = driver.commit('first', batchOf({ k: '2' }), onTopOf(first, PATIENT)).then((head) => {
      isAcknowledged = true;
      return head;
    });
    // Each of the loads is a round trip, which the commit that waits has set out before.
    if (when === 'before the others') for (let n = 0; n < 5; n += 1) await driver.load('first');

    const heads = await commitOthers(accounts);

    expect(heads.map(({ revision }) => revision)).toEqual(heads.map(() => 2));
    expect(isAcknowledged).toBe(false);
    await holder.query('COMMIT');
    await expect(stalled).resolves.toMatchObject({ revision: 2 });
  },
);

it('an account that commits again and again keeps no other account waiting', async () => {
  const accounts = await startedAccounts();
  const { driver } = accounts;
  let head = accounts.first;
  let commits = 0;
  let areOthersDone = false;
  const commitAgainAndAgain = async (): Promise<void> => {
    while (!areOthersDone) {
      head = await driver.commit('first', batchOf({ k: `${commits}` }), onTopOf(head, PATIENT));
      commits += 1;
    }
  };
  const hot = commitAgainAndAgain();

  await commitOthers(accounts);
  const meanwhile = commits;
  areOthersDone = true;
  await hot;

  // In turns with the others on each of the connections, it makes far fewer.
  expect(meanwhile).toBeLessThan(OTHERS);
});
