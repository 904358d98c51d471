import { chownSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { inspect } from 'node:util';
import { KeyvPostgres } from '@keyv/postgres';
import Keyv from 'keyv';
import { afterAll, describe, expect, it } from 'vitest';
import type { DriverWarning } from '../../../src/core/persistence-driver.js';
import { atOnce } from '../../../src/core/shared/slices.js';
import { KeyLayout } from '../../../src/drivers/base/key-layout.js';
import type { PostgresDriver } from '../../../src/drivers/postgres/driver.js';
import { postgresStatements } from '../../../src/drivers/postgres/statements.js';
import { swapValues } from '../../../src/drivers/postgres/swap-values.js';
import { poll } from '../../support/servers/poll.js';
import { makeSelfSigned } from '../../support/servers/self-signed.js';
import { startPostgres } from '../../support/servers/sql/postgres-server.js';
import { unprivilegedUser } from '../../support/servers/system-user.js';
import { manualOperation } from '../base/manual-operation.js';
import { batchOf, collect, onTopOf, rejection } from '../support.js';
import { configure, postgres, sessionOn, uniqueName } from './support.js';

const server = await startPostgres();
const { url } = server;
await server.query('GRANT ALL ON SCHEMA public TO keeper');

afterAll(() => server.dispose());

async function warningsOf(driver: PostgresDriver): Promise<readonly string[]> {
  const warnings: DriverWarning[] = [];
  await driver.open({ onWarning: (warning) => warnings.push(warning) });
  return warnings.map(({ code }) => code);
}

describe('PostgresDriver: beside plain Keyv', () => {
  it('writes what a plain Keyv client can read, and reads what it wrote', async () => {
    const table = uniqueName();
    const driver = postgres({ url, table });
    const records = { 'metadata/BTCUSDT': ':{"a":"é\0"}', object: '{"a":"é\\u0000"}' };
    await driver.commit('my account', { ...batchOf(records), documents: new Set(['object']) }, onTopOf(undefined));
    const keyv = new Keyv({ store: new KeyvPostgres({ uri: url, table }), namespace: 'accountkeeper' });
    expect(await keyv.get('{my%20account}:r:metadata/BTCUSDT')).toBe(':{"a":"é\0"}');
    expect(await keyv.get('{my%20account}:r:object')).toEqual({ a: 'é\0' });
    await keyv.set('{my%20account}:r:k', ':x');
    await keyv.disconnect();
    expect((await driver.load('my account'))?.records.get('k')).toBe(':x');
  });

  it('has connections of its own: two drivers with two URLs, and a plain client, each end by themselves', async () => {
    const table = uniqueName();
    const first = postgres({ url, table });
    const second = postgres({ url: `${url}?applicationName=second`, table: uniqueName() });
    const other = new KeyvPostgres({ uri: url, table: uniqueName() });
    other.on('error', () => undefined);
    await Promise.all([first.open(), second.open(), other.set('a', '1')]);
    await first.close();
    await second.commit('a', batchOf({ k: '1' }), onTopOf(undefined));
    expect(await other.get('a')).toBe('1');
    await other.disconnect();
    expect((await second.load('a'))?.records.get('k')).toBe('1');
    const third = postgres({ url, table });
    expect(await collect(third.accounts())).toEqual([]);
  });
});

describe('PostgresDriver: the table', () => {
  it('is created once, with its schema, by those who open at the same time', async () => {
    const names = { schema: uniqueName(), table: uniqueName() };
    const drivers = Array.from({ length: 12 }, () => postgres({ url, ...names }));
    const opened = await Promise.allSettled(drivers.map((driver) => driver.open()));
    expect(opened.filter(({ status }) => status === 'rejected')).toEqual([]);
    const [row] = await server.query(
      `SELECT count(*)::int AS tables FROM pg_tables WHERE schemaname = $1 AND tablename = $2`,
      [names.schema, names.table],
    );
    expect(row?.['tables']).toBe(1);
  });

  it('may be named by words of SQL, in either case', async () => {
    for (const names of [{ table: 'Order' }, { table: 'order' }, { schema: 'select', table: 'user' }]) {
      const driver = postgres({ url, ...names });
      expect(await driver.load('a')).toBeUndefined();
      await driver.commit('a', batchOf({ k: names.table }), onTopOf(undefined));
      expect((await driver.load('a'))?.records.get('k')).toBe(names.table);
    }
  });

  it('is not created where it is there: a user who may not create can use it', async () => {
    const [admins, bot] = [uniqueName(), uniqueName()];
    const { createTable, grant } = postgresStatements('public', admins);
    await server.query(`CREATE ROLE ${bot} LOGIN PASSWORD 'bot-secret'`);
    await server.query('REVOKE CREATE ON SCHEMA public FROM PUBLIC');
    const botUrl = url.replace(/\/\/.*@/, `//${bot}:bot-secret@`);
    const driver = postgres({ url: botUrl, table: admins });
    const missing = await rejection(driver.open());
    expect(missing).toMatchObject({ code: 'UNAVAILABLE', retryable: false, outcome: 'not-applied' });
    await server.query(createTable);
    expect(await rejection(driver.open())).toMatchObject({ code: 'UNAVAILABLE', retryable: false });
    await server.query(`${grant} TO ${bot}`);
    const head = await driver.commit('a', batchOf({ k: '1' }), onTopOf(undefined));
    await driver.commit('a', batchOf({ l: '2' }, ['k']), onTopOf(head));
    expect([...((await driver.load('a'))?.records ?? [])]).toEqual([['l', '2']]);
  });

  it('may have partitions, each of which a crash must leave as it is', async () => {
    const table = uniqueName();
    const session = await sessionOn(url);
    for (const statement of [
      `CREATE TABLE ${table} (key text COLLATE "C" PRIMARY KEY, value text) PARTITION BY RANGE (key)`,
      `CREATE TABLE ${table}_all PARTITION OF ${table} DEFAULT PARTITION BY HASH (key)`,
      `CREATE TABLE ${table}_0 PARTITION OF ${table}_all FOR VALUES WITH (MODULUS 2, REMAINDER 0)`,
      `CREATE UNLOGGED TABLE ${table}_1 PARTITION OF ${table}_all FOR VALUES WITH (MODULUS 2, REMAINDER 1)`,
    ]) {
      await session.query(statement);
    }
    const driver = postgres({ url, table });
    expect(await rejection(driver.open())).toMatchObject({ code: 'CONFIG', outcome: 'not-applied' });
    await session.query(`ALTER TABLE ${table}_1 SET LOGGED`);
    const head = await driver.commit('a', batchOf({ k: '1', l: '1' }), onTopOf(undefined));
    await driver.commit('a', batchOf({ k: '2' }, ['l']), onTopOf(head));
    expect([...((await driver.load('a'))?.records ?? [])]).toEqual([['k', '2']]);
  });

  it('of plain Keyv is refused with what to do, and keeps its entries when that is done', async () => {
    const table = uniqueName();
    const store = new KeyvPostgres({ uri: url, table });
    await store.set('other:key', '{"value":"x"}');
    const driver = postgres({ url, table });
    expect((await rejection(driver.open())).code).toBe('CONFIG');
    await store.query(postgresStatements('public', table).alterKey);
    await driver.commit('a', batchOf({ ['é'.repeat(200)]: '1' }), onTopOf(undefined));
    expect(await collect(driver.accounts())).toEqual(['a']);
    expect(await store.get('other:key')).toBe('{"value":"x"}');
    await store.disconnect();
  });

  it.each([
    'CREATE TABLE % (id integer, data text)',
    'CREATE TABLE % (key text COLLATE "C", value text)',
    'CREATE TABLE % (key text PRIMARY KEY, value text)',
    'CREATE TABLE % (key text COLLATE "C" PRIMARY KEY, value varchar(10))',
    'CREATE TABLE % (key text COLLATE "C" PRIMARY KEY, value jsonb)',
    'CREATE TABLE % (key text COLLATE "C", value text, PRIMARY KEY (key, value))',
    'CREATE TABLE % (key text COLLATE "C" PRIMARY KEY, value text, owner text NOT NULL)',
    'CREATE UNLOGGED TABLE % (key text COLLATE "C" PRIMARY KEY, value text)',
    `CREATE VIEW % AS SELECT 'k'::text COLLATE "C" AS key, 'v'::text AS value`,
    'CREATE SEQUENCE %',
  ])('is refused when it has another shape: %s', async (definition) => {
    const table = uniqueName();
    const session = await sessionOn(url);
    await session.query(definition.replace('%', table));
    expect(await rejection(postgres({ url, table }).open())).toMatchObject({ code: 'CONFIG', outcome: 'not-applied' });
  });

  it('is refused when row security hides rows from the user: they would look as if they were not there', async () => {
    const table = uniqueName();
    await postgres({ url, table }).open();
    await server.query(`ALTER TABLE ${table} ENABLE ROW LEVEL SECURITY`);
    await expect(postgres({ url, table }).open()).resolves.toBeUndefined();
    await server.query(`ALTER TABLE ${table} FORCE ROW LEVEL SECURITY`);
    expect((await rejection(postgres({ url, table }).open())).code).toBe('CONFIG');
  });

  it('gives no answer when row security is switched on later', async () => {
    const table = uniqueName();
    const driver = postgres({ url, table });
    const head = await driver.commit('a', batchOf({ k: '1' }), onTopOf(undefined));
    await driver.commit('b', batchOf({ k: '1' }), onTopOf(undefined));
    const late = postgres({ url, table });
    await late.open();
    const hidden = async (): Promise<void> => {
      const calls = [
        late.head('a'),
        late.load('a'),
        collect(late.accounts()),
        late.commit('a', batchOf(), onTopOf(undefined)),
        late.commit('new', batchOf({ k: '1' }), onTopOf(undefined)),
        driver.commit('a', batchOf({ l: '1' }, ['k']), onTopOf(head)),
      ];
      for (const error of await Promise.all(calls.map(rejection))) {
        expect(error).toMatchObject({ code: 'UNAVAILABLE', outcome: 'not-applied', retryable: false });
      }
    };
    await server.query(`ALTER TABLE ${table} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY`);
    await hidden();
    await server.query(`CREATE POLICY new_rows ON ${table} FOR INSERT WITH CHECK (true)`);
    await hidden();
    await server.query(`CREATE POLICY heads ON ${table} USING (key LIKE '%:head')`);
    await hidden();
    await server.query(`ALTER TABLE ${table} DISABLE ROW LEVEL SECURITY`);
    expect(await collect(late.accounts())).toEqual(['a', 'b']);
    expect((await late.load('a'))?.head).toEqual(head);
    await late.commit('new', batchOf({ k: '1' }), onTopOf(undefined));
  });

  it('has triggers: open tells of them, and a commit that they cut short is refused as a whole', async () => {
    const table = uniqueName();
    const driver = postgres({ url, table });
    const head = await driver.commit('a', batchOf({ k: '0', old: '0' }), onTopOf(undefined));
    await server.query(
      `CREATE FUNCTION ${table}_skip() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN IF NEW.value LIKE '%skipped%' THEN RETURN NULL; END IF; RETURN NEW; END $$`,
    );
    await server.query(
      `CREATE TRIGGER skip BEFORE INSERT OR UPDATE ON ${table} FOR EACH ROW EXECUTE FUNCTION ${table}_skip()`,
    );
    expect(await warningsOf(postgres({ url, table }))).toEqual(['table-has-triggers']);
    for (const [id, expected] of [
      ['a', head],
      ['b', undefined],
    ] as const) {
      const commit = driver.commit(id, batchOf({ k: '1', l: 'skipped' }, ['old']), onTopOf(expected));
      expect(await rejection(commit)).toMatchObject({ code: 'UNAVAILABLE', outcome: 'not-applied', retryable: false });
    }
    expect(await collect(driver.accounts())).toEqual(['a']);
    expect(await driver.load('a')).toMatchObject({ head, records: new Map(Object.entries({ k: '0', old: '0' })) });
    await driver.commit('a', batchOf({ k: '1', l: '1' }, ['old', 'never stored']), onTopOf(head));
    await server.query(`ALTER TABLE ${table} DISABLE TRIGGER skip`);
    expect(await warningsOf(postgres({ url, table }))).toEqual([]);
  });

  it('has a trigger that skips updates which change nothing: a repetition ends, and is unknown', async () => {
    const table = uniqueName();
    const driver = postgres({ url, table });
    const options = onTopOf(undefined);
    await driver.commit('a', batchOf({ k: '0' }), options);
    await server.query(
      `CREATE TRIGGER skip BEFORE UPDATE ON ${table} FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()`,
    );
    const again = await rejection(driver.commit('a', batchOf({ k: '0' }), options));
    expect(again).toMatchObject({ code: 'UNAVAILABLE', outcome: 'unknown' });
  });

  it.each([
    'INSERT DO INSTEAD NOTHING',
    'UPDATE DO ALSO NOTIFY changed',
    "DELETE WHERE old.key LIKE '%kept' DO INSTEAD NOTHING",
  ])('is refused with a rule, and a commit that meets one later, as a whole: %s', async (rule) => {
    const table = uniqueName();
    const driver = postgres({ url, table });
    const head = await driver.commit('a', batchOf({ kept: '1', k: '1' }), onTopOf(undefined));
    const [event, ...rest] = rule.split(/ (?=WHERE|DO)/);
    await server.query(`CREATE RULE odd AS ON ${event} TO ${table} ${rest.join(' ')}`);
    const commit = rejection(driver.commit('a', batchOf({ k: '2' }, ['kept']), onTopOf(head)));
    expect(await commit).toMatchObject({ code: 'UNAVAILABLE', outcome: 'not-applied', retryable: false });
    expect(await driver.load('a')).toMatchObject({ head, records: new Map(Object.entries({ kept: '1', k: '1' })) });
    expect((await rejection(postgres({ url, table }).open())).code).toBe('CONFIG');
    await server.query(`ALTER TABLE ${table} DISABLE RULE odd`);
    await expect(postgres({ url, table }).open()).resolves.toBeUndefined();
  });

  it('may have more columns', async () => {
    const table = uniqueName();
    const session = await sessionOn(url);
    await session.query(
      `CREATE TABLE ${table} (id serial PRIMARY KEY, part text, key text COLLATE "C" NOT NULL UNIQUE, value text)`,
    );
    const driver = postgres({ url, table });
    const head = await driver.commit('a', batchOf({ k: '1' }), onTopOf(undefined));
    await driver.commit('a', batchOf({ k: '2' }), onTopOf(head));
    expect((await driver.load('a'))?.records.get('k')).toBe('2');
  });

  it('that is dropped, or loses its rows, never looks empty', async () => {
    const table = uniqueName();
    const driver = postgres({ url, table });
    const head = await driver.commit('a', batchOf({ k: '1' }), onTopOf(undefined));
    await server.query(`DROP TABLE ${table}`);
    const calls = [
      driver.head('a'),
      driver.load('never written'),
      collect(driver.accounts()),
      driver.commit('a', batchOf(), onTopOf(head)),
    ];
    for (const error of await Promise.all(calls.map(rejection))) {
      expect(error).toMatchObject({ code: 'UNAVAILABLE', outcome: 'not-applied', cause: { code: '42P01' } });
    }
    await server.query(postgresStatements('public', table).createTable);
    await server.query(`ALTER TABLE ${table} OWNER TO keeper`);
    expect((await rejection(driver.load('a'))).code).toBe('ROLLED_BACK');
  });
});

describe('PostgresDriver: opened for reading', () => {
  it('creates nothing: a schema or table that is missing rejects CONFIG, and never looks empty', async () => {
    const names = [{ table: uniqueName() }, { schema: uniqueName(), table: uniqueName() }];
    for (const name of names) {
      const driver = postgres({ url, ...name });
      const refused = { code: 'CONFIG', outcome: 'not-applied', retryable: false };
      expect(await rejection(driver.open({ access: 'read' }))).toMatchObject(refused);
      expect(await rejection(driver.load('a'))).toMatchObject(refused);
      expect(await rejection(collect(driver.accounts()))).toMatchObject(refused);
    }
    const [{ schema } = { schema: '' }] = names.slice(1) as readonly { schema: string }[];
    const rows = await server.query(
      'SELECT 1 FROM pg_class WHERE relname = ANY ($1) UNION ALL SELECT 1 FROM pg_namespace WHERE nspname = $2',
      [names.map(({ table }) => table), schema],
    );
    expect(rows).toEqual([]);
  });

  it('needs SELECT alone, and tells what is missing for a commit', async () => {
    const [table, reader] = [uniqueName(), uniqueName()];
    const writer = postgres({ url, table });
    const head = await writer.commit('a', batchOf({ k: '1' }), onTopOf(undefined));
    await server.query(`CREATE ROLE ${reader} LOGIN PASSWORD 'reader-secret'`);
    await server.query(`ALTER ROLE ${reader} SET default_transaction_read_only = on`);
    const driver = postgres({ url: url.replace(/\/\/.*@/, `//${reader}:reader-secret@`), table });
    expect(await rejection(driver.open({ access: 'read' }))).toMatchObject({ code: 'UNAVAILABLE', retryable: false });
    await server.query(`GRANT SELECT ON ${table} TO ${reader}`);
    await driver.open({ access: 'read' });
    expect(await driver.head('a')).toEqual(head);
    expect((await driver.load('a'))?.records.get('k')).toBe('1');
    expect(await collect(driver.accounts())).toEqual(['a']);
    const error = await rejection(driver.commit('a', batchOf({ k: '2' }), onTopOf(head)));
    expect(error).toMatchObject({ code: 'UNAVAILABLE', outcome: 'not-applied' });
    expect(await driver.head('a')).toEqual(head);
    await server.query(`ALTER ROLE ${reader} RESET default_transaction_read_only`);
    await server.query(`GRANT INSERT, UPDATE, DELETE ON ${table} TO ${reader}`);
    await expect(driver.commit('a', batchOf({ k: '2' }), onTopOf(head))).resolves.toMatchObject({ revision: 2 });
  });
});

describe('PostgresDriver: the index', () => {
  it('serves every statement among 50,000 foreign rows', { timeout: 60_000 }, async () => {
    const table = uniqueName();
    const driver = postgres({ url, table });
    const records = new Map(Array.from({ length: 50 }, (_, index) => [`r${index}`, 'x']));
    await driver.commit('a', { upserts: records, deletes: new Set() }, onTopOf(undefined));
    await server.query(
      `INSERT INTO ${table} SELECT 'other:' || n, repeat('x', 100) FROM generate_series(1, 50000) AS n`,
    );
    const statements = postgresStatements('public', table);
    const { operation } = manualOperation();
    const account = new KeyLayout().account('a');
    const upserts = new Map([['a', '1']]);
    const change = { expected: 'x', next: 'y', upserts, deletes: ['c', 'd'], deletesAll: false };
    const { values } = atOnce(swapValues([{ account, change, operation }]));
    const plans: [string, readonly unknown[]][] = [
      [statements.readHead, [account.head]],
      [statements.readRange, [account.range.from, account.range.to]],
      [statements.listAccounts, ['accountkeeper:{', 'accountkeeper:|', 256]],
      ...Object.values(statements.swap).flatMap(({ storing, deleting }): [string, readonly unknown[]][] => [
        [storing, values.slice(0, 7)],
        [deleting, values],
      ]),
    ];
    for (const analysed of [false, true]) {
      if (analysed) await server.query(`ANALYZE ${table}`);
      for (const [statement, values] of plans) {
        const plan = await server.query(`EXPLAIN ${statement}`, values);
        const text = plan.map((row) => String(row['QUERY PLAN'])).join('\n');
        expect(text).not.toContain(`Seq Scan on ${table}`);
        if (statement !== statements.swap.first.storing) expect(text).toContain(`${table}_pkey`);
      }
    }
    expect((await driver.load('a'))?.records).toEqual(records);
    expect(await collect(driver.accounts())).toEqual(['a']);
  });
});

describe('PostgresDriver: what open verifies', () => {
  it('warns of nothing where nothing is weaker than it should be', async () => {
    expect(await warningsOf(postgres({ url, table: uniqueName() }))).toEqual([]);
  });

  it.each([
    ['synchronous_commit', 'off', ['synchronous-commit-off']],
    ['synchronous_commit', 'local', []],
    ['fsync', 'off', ['fsync-off']],
    ['full_page_writes', 'off', ['full-page-writes-off']],
  ])('tells of %s = %s', async (setting, value, codes) => {
    await configure(server, setting, value);
    expect(await warningsOf(postgres({ url, table: uniqueName() }))).toEqual(codes);
  });

  it('rejects where transactions are read-only, and can be opened later', async () => {
    await configure(server, 'default_transaction_read_only', 'on');
    const driver = postgres({ url, table: uniqueName() });
    expect(await rejection(driver.open())).toMatchObject({ code: 'UNAVAILABLE', retryable: true });
    await server.query('ALTER SYSTEM RESET default_transaction_read_only');
    await server.query('SELECT pg_reload_conf()');
    await poll('writes', async () => driver.open().then(() => true));
  });

  it('rejects a database that is not in UTF-8', async () => {
    await server.query("CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0 OWNER keeper");
    const latin = url.replace(/\/[^/]*$/, '/latin');
    expect(await rejection(postgres({ url: latin }).open())).toMatchObject({ code: 'UNAVAILABLE', retryable: false });
  });

  it.each([
    ['a wrong password', url.replace(server.password, 'wrong-secret')],
    ['an unknown user', url.replace('keeper:', 'nobody:')],
    ['an unknown database', `${url}-unknown`],
  ])('rejects %s, for good and without credentials', async (_what, wrong) => {
    const error = await rejection(postgres({ url: wrong }).open());
    expect(error).toMatchObject({ code: 'UNAVAILABLE', outcome: 'not-applied', retryable: false });
    expect(inspect(error, { depth: 9, showHidden: true })).not.toMatch(/wrong-secret|keeper-secret/);
  });

  it('connects over a Unix socket', async () => {
    const { folder, port, user, database } = server;
    const driver = postgres({ host: folder, port, user, database, table: uniqueName() });
    await driver.commit('a', batchOf(), onTopOf(undefined));
    expect(await collect(driver.accounts())).toEqual(['a']);
  });
});

describe('PostgresDriver: TLS', () => {
  it('is as strict as the mode says', async () => {
    const { certificateFile, keyFile } = makeSelfSigned(server.folder);
    const owner = unprivilegedUser();
    if (owner !== undefined) for (const file of [certificateFile, keyFile]) chownSync(file, owner.uid, owner.gid);
    const table = uniqueName();
    const plain = postgres({ url: `${url}?sslmode=require`, table });
    expect((await rejection(plain.open())).code).toBe('UNAVAILABLE');
    await server.query(`ALTER SYSTEM SET ssl_cert_file = '${certificateFile}'`);
    await server.query(`ALTER SYSTEM SET ssl_key_file = '${keyFile}'`);
    await configure(server, 'ssl', 'on');

    const ended = (): Promise<true> =>
      poll('the end of the sessions', async () => {
        const [row] = await server.query("SELECT 1 FROM pg_stat_activity WHERE application_name = 'tls'");
        return row === undefined || undefined;
      });
    const works = async (query: string): Promise<readonly string[]> => {
      const driver = postgres({ url: `${url}?applicationName=tls&table=${table}&${query}` });
      const codes = await warningsOf(driver);
      const sessions = await server.query(
        "SELECT ssl FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE application_name = 'tls'",
      );
      expect(sessions).toEqual([{ ssl: true }]);
      await driver.close();
      await ended();
      return codes;
    };
    expect(await works('sslmode=require')).toEqual(['tls-unverified']);
    for (const mode of ['require', 'verify-ca', 'verify-full']) {
      expect(await works(`sslmode=${mode}&sslrootcert=${certificateFile}`)).toEqual([]);
    }
    const given = postgres({ url: `${url}?applicationName=tls&table=${table}&sslmode=require`, poolSize: 1 });
    const head = await given.commit('a', batchOf({ k: '1' }), onTopOf(undefined));
    const holder = await sessionOn(url);
    await holder.query('BEGIN');
    await holder.query(`LOCK TABLE ${table}`);
    expect((await rejection(given.load('a', { timeoutMs: 100 }))).code).toBe('TIMEOUT');
    await ended();
    await holder.query('ROLLBACK');
    expect(await given.head('a')).toEqual(head);

    const refused = async (query: string): Promise<void> => {
      const error = await rejection(postgres({ url: `${url}?table=${table}&${query}` }).open());
      expect(error).toMatchObject({ code: 'UNAVAILABLE', outcome: 'not-applied', retryable: false });
    };
    await refused('sslmode=verify-ca');
    await refused('sslmode=verify-full');
    await refused('ssl=true');
    await refused('sslmode=verify-ca&sslrootcert=/missing.pem');
    const { host, port, user, password, database } = server;
    const ca = await readFile(certificateFile, 'utf8');
    const named = postgres({ host, port, user, password, database, table, ssl: { ca, servername: 'localhost' } });
    await expect(named.open()).resolves.toBeUndefined();
    const misnamed = postgres({ host, port, user, password, database, table, ssl: { ca, servername: 'example.org' } });
    expect(await rejection(misnamed.open())).toMatchObject({ code: 'UNAVAILABLE', retryable: false });
  });
});
