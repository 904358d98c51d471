import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { startPgbouncer } from '../../support/servers/sql/pgbouncer.js';
import { startPostgres } from '../../support/servers/sql/postgres-server.js';
import { afterTest, batchOf, collect, onTopOf } from '../support.js';
import { sessionOn, spiedPostgres, uniqueName } from './support.js';

const server = await startPostgres();
const { url } = server;
const ids = Array.from({ length: 12 }, (_, index) => `account ${index}`);

afterAll(() => server.dispose());

let table = '';

beforeEach(() => {
  table = uniqueName();
});

/** PgBouncer in transaction mode, whose transactions go round the sessions. */
async function pooled(config: readonly string[] = []): Promise<string> {
  const pooler = await startPgbouncer(server, { config: ['server_round_robin = 1', ...config] });
  afterTest(() => pooler.dispose());
  return pooler.url;
}

/** Counts what each commit does to a head, in a table of its own. */
async function countHeads(): Promise<() => Promise<number>> {
  await server.query(`CREATE TABLE ${table}_log (key text)`);
  await server.query(`CREATE FUNCTION ${table}_note() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS
    $$ BEGIN INSERT INTO public.${table}_log VALUES (NEW.key); RETURN NEW; END $$`);
  await server.query(`CREATE TRIGGER note AFTER INSERT OR UPDATE ON ${table} FOR EACH ROW
    WHEN (NEW.key LIKE '%:head') EXECUTE FUNCTION ${table}_note()`);
  return async () => Number((await server.query(`SELECT count(*) FROM ${table}_log`))[0]?.['count']);
}

describe('PostgresDriver: the statements that it sends again and again', () => {
  it('have names, each of which means one text, in whatever table', async () => {
    const spied = [spiedPostgres({ url, table }), spiedPostgres({ url, table: uniqueName() })];
    for (const { driver } of spied) {
      const head = await driver.commit('a', batchOf({ k: '1' }), onTopOf(undefined));
      await driver.commit('a', batchOf({ k: '2' }, ['l']), onTopOf(head));
      await driver.head('a');
      await driver.load('a');
      await collect(driver.accounts());
    }
    const named = spied.flatMap(({ statements }) => statements.filter(({ name }) => name !== undefined));
    const texts = new Set(named.map(({ text }) => text));
    expect(texts.size).toBe(10);
    expect(new Set(named.map(({ name }) => name)).size).toBe(10);
    expect(new Set(named.map(({ name, text }) => `${name} ${text}`)).size).toBe(10);
  });

  it('are kept by the server, and go on when the table changes', async () => {
    const { driver, statements } = spiedPostgres({ url, table, poolSize: 1 });
    let head = await driver.commit('a', batchOf({ k: '0' }), onTopOf(undefined));
    const changes = [
      `ALTER TABLE ${table} ALTER COLUMN value TYPE varchar`,
      `ALTER TABLE ${table} ADD COLUMN more integer`,
      `ALTER TABLE ${table} ALTER COLUMN value TYPE text`,
      `CREATE INDEX ON ${table} (more)`,
    ];
    for (const change of changes) {
      head = await driver.commit('a', batchOf({ k: change }, ['old']), onTopOf(head));
      expect((await driver.load('a'))?.records.get('k')).toBe(change);
      expect(await collect(driver.accounts())).toEqual(['a']);
      await server.query(change);
    }
    head = await driver.commit('a', batchOf({ k: 'last' }, ['old']), onTopOf(head));
    expect(await driver.head('a')).toEqual(head);
    const swaps = statements.filter(({ text }) => text.includes('SKIP LOCKED'));
    expect(swaps.map(({ name }) => name)).toEqual(swaps.map(() => swaps[0]?.name));
    expect(swaps).toHaveLength(5);
  });

  it.each([
    ['in transaction mode', []],
    ['that discards what a session holds after each transaction', ['server_reset_query_always = 1']],
  ])('go on without names through a PgBouncer %s, and nothing is executed twice', async (_which, config) => {
    const through = await pooled(config);
    const { driver, statements } = spiedPostgres({ url: through, table });
    await driver.open();
    const counted = await countHeads();
    let heads = await Promise.all(ids.map((id) => driver.commit(id, batchOf({ k: '0' }), onTopOf(undefined))));
    for (let round = 1; round <= 5; round += 1) {
      heads = await Promise.all(
        ids.map((id, index) => driver.commit(id, batchOf({ k: `${round}` }), onTopOf(heads[index]))),
      );
    }
    expect(heads.map(({ revision }) => revision)).toEqual(ids.map(() => 6));
    expect(await counted()).toBe(6 * ids.length);
    const named = statements.map(({ name }) => name !== undefined);
    expect(named).toContain(true);
    expect(named.lastIndexOf(true)).toBeLessThan(named.length - 1);
    // Of those that were begun before, each is sent once more at most.
    const before = statements.length;
    for (const [index, id] of ids.entries()) await driver.commit(id, batchOf({ k: 'last' }), onTopOf(heads[index]));
    expect(statements.slice(before).map(({ name }) => name)).toEqual(ids.map(() => undefined));
  });

  it('go on without names where somebody else has left them behind', async () => {
    const through = await pooled();
    const first = spiedPostgres({ url: through, table });
    const head = await first.driver.commit('a', batchOf({ k: '1' }), onTopOf(undefined));
    await first.driver.head('a');
    await first.driver.close();
    const second = spiedPostgres({ url: through, table });
    for (let round = 0; round < 4; round += 1) expect(await second.driver.head('a')).toEqual(head);
    expect(second.statements.at(-1)?.name).toBeUndefined();
  });

  it('go on when the pooler gets other sessions', async () => {
    const through = await pooled();
    const { driver } = spiedPostgres({ url: through, table });
    let head = await driver.commit('a', batchOf({ k: '0' }), onTopOf(undefined));
    const session = await sessionOn(through);
    for (let round = 0; round < 6; round += 1) {
      await session.query('DISCARD ALL');
      head = await driver.commit('a', batchOf({ k: `${round}` }), onTopOf(head));
    }
    expect(head.revision).toBe(7);
  });
});
