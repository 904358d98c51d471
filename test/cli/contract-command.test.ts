import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { JsonReport } from '../../src/cli/reporters/json-reporter.js';
import { SqliteDriver } from '../../src/drivers/sqlite/driver.js';
import { contractClauses, levelOf } from '../contract/index.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { recorded } from './recorded-io.js';
import { parseTap } from './tap.js';

const folder = temporaryFolder('cli');

const ESCAPE = '\u001b[';
/** Some that are quick, one that is skipped for want of means, and one that is not claimed by memory. */
const FEW = ['RT1', 'RT5', 'IS3', 'CL1'].flatMap((id) => ['--clause', id]);

describe('accountkeeper contract, on a URL', () => {
  it('runs all clauses on memory: and says what stays unproven, and why', async () => {
    const { code, stdout, stderr } = await recorded(['contract', 'memory:', '--clause', 'CC2', ...FEW]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/✔ RT1 .+ \(\d+ ms\)\n/);
    expect(stdout).toContain('✔ CC2');
    expect(stdout).toMatch(/– IS3 .+\n +skipped: the subject has no faults\.raw\n/);
    expect(stdout).toContain('level proven: none (claimed: basic)');
    expect(stdout).toMatch(
      /\n +in fair weather, as far as no fault is needed: none\n +missing for the rest: .*faults\.raw/,
    );
    expect(stdout).toMatch(/basic +IS3: the subject has no faults\.raw/);
    expect(stdout).not.toContain(ESCAPE);
  });

  it('proves the level in fair weather, and says what is missing', { timeout: 120_000 }, async () => {
    const { code, stdout } = await recorded(['contract', 'memory:', '--json', '--require', 'fair-weather']);
    const { clauses, ...report } = JSON.parse(stdout) as JsonReport;
    expect(code).toBe(0);
    expect(report).toMatchObject({
      schema: 1,
      subject: 'memory:',
      ok: true,
      level: null,
      fairWeather: 'basic',
      seed: 1,
    });
    expect(report).toMatchObject({ claimed: 'basic', required: 'fair-weather' });
    expect(report.missing).toContain('faults.raw');
    expect(clauses.map(({ id }) => id)).toEqual(contractClauses.map(({ id }) => id));
    expect(clauses.find(({ id }) => id === 'RT3')).toMatchObject({ status: 'passed', reason: null, error: null });
    expect(clauses.find(({ id }) => id === 'IS3')).toMatchObject({ status: 'no means', ms: 0 });
    for (const clause of contractClauses) {
      expect(clauses.find(({ id }) => id === clause.id)?.level).toBe(levelOf(clause));
    }
  });

  it('runs the clauses that need a second process, and leaves no account behind', { timeout: 120_000 }, async () => {
    const path = join(folder, 'state.db');
    const mine = new SqliteDriver({ path, prefix: 'ct-mine' });
    const options = { expected: undefined, writerId: 'me', writeId: 'mine' };
    await mine.commit('mine', { upserts: new Map([['key', '1']]), deletes: new Set() }, options);
    const ids = ['RT3', 'RT5', 'CL4', 'IS4', 'DE4'];
    const argv = ['contract', `sqlite://${path}`, '--json', ...ids.flatMap((id) => ['--clause', id])];
    const { code, stdout, stderr } = await recorded(argv);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const { clauses, subject } = JSON.parse(stdout) as JsonReport;
    for (const { id, status } of clauses) expect(status).toBe(ids.includes(id) ? 'passed' : 'not run');
    expect(subject).toBe(`sqlite://${path}`);
    const records = (await mine.load('mine'))?.records;
    expect([...(records ?? [])]).toEqual([['key', '1']]);
    await mine.close();
    expect(await storedRecords(path)).toEqual(['ct-mine:{mine}:r:key']);
  });

  it('puts its prefixes behind that of the URL', { timeout: 60_000 }, async () => {
    const path = join(folder, 'prefixed.db');
    const url = `sqlite://${path}?prefix=bot&busyTimeoutMs=500`;
    const { code } = await recorded(['contract', url, '--clause', 'RT1']);
    expect(code).toBe(0);
    const keys = await storedKeys(path);
    expect(keys.length).toBeGreaterThan(0);
    for (const key of keys) expect(key).toMatch(/^bot-ct-/);
  });
});

describe('accountkeeper contract, on a module', () => {
  it('runs the same clauses, with the faults and the second process of the module', { timeout: 120_000 }, async () => {
    const { code, stdout } = await recorded(['contract', './memory-module.ts', '--json', '--require', 'claimed']);
    const { level, unproven, clauses, required } = JSON.parse(stdout) as JsonReport;
    expect({ code, level, unproven, required }).toEqual({ code: 0, level: 'basic', unproven: [], required: 'claimed' });
    expect(clauses.filter(({ status }) => status === 'no means')).toEqual([]);
  });

  it('fails for a broken driver, naming the clause, what was expected and what was seen', async () => {
    const argv = ['contract', 'saboteur-module.ts', '--clause', 'RT1', '--clause', 'FA4'];
    const readable = await recorded(argv);
    expect(readable.code).toBe(1);
    expect(readable.stdout).toContain('✔ RT1');
    expect(readable.stdout).toMatch(/✖ FA4 .+\n +whether an error holds a secret: expected false, saw true\n/);
    expect(readable.stdout).toMatch(/basic +FA4: failed/);
    const tap = await recorded([...argv, '--tap']);
    const [passed, failed] = parseTap(tap.stdout);
    expect(tap.code).toBe(1);
    expect(passed).toMatchObject({ ok: true, description: expect.stringMatching(/^RT1 /) });
    expect(failed).toMatchObject({ ok: false, description: expect.stringMatching(/^FA4 /) });
    expect(failed?.diagnostics['message']).toContain('holds a secret');
    for (const { stdout, stderr } of [readable, tap]) expect(stdout + stderr).not.toContain('correct-horse');
  });

  it('misses a level with 1, and says so', async () => {
    const { code, stdout } = await recorded(['contract', 'memory:', '--require', 'basic', ...FEW, '--reporter', 'tap']);
    const last = parseTap(stdout).at(-1);
    expect(code).toBe(1);
    expect(last).toMatchObject({ ok: false, description: 'conformance level: none' });
    expect(last?.diagnostics).toMatchObject({ required: 'basic', claimed: 'basic' });
  });
});

describe('the reports', () => {
  it('are TAP with the reasons of what is skipped, or skipped in part', async () => {
    const url = `sqlite://${join(folder, 'tap.db')}`;
    const { code, stdout } = await recorded(['contract', url, '--tap', '--clause', 'CL1', ...FEW.slice(0, 6)]);
    const points = parseTap(stdout);
    const point = (id: string) => points.find(({ description }) => description.startsWith(`${id} `));
    expect(code).toBe(0);
    expect(points).toHaveLength(5);
    expect(point('RT1')).toMatchObject({ ok: true, skipped: undefined });
    expect(point('IS3')).toMatchObject({ ok: true, skipped: 'the subject has no faults.raw' });
    expect(point('CL1')).toMatchObject({ ok: true, skipped: 'in part: the subject has no faults.pause and resume' });
    expect(point('RT1')?.diagnostics).toMatchObject({ group: 'round trip' });
  });

  it('have colours for a terminal only, and none where NO_COLOR is set', async () => {
    const argv = ['contract', 'memory:', ...FEW];
    expect((await recorded(argv, { isTTY: true })).stdout).toContain(ESCAPE);
    expect((await recorded(argv, { isTTY: true, env: { NO_COLOR: '' } })).stdout).toContain(ESCAPE);
    expect((await recorded(argv, { isTTY: true, env: { NO_COLOR: '1' } })).stdout).not.toContain(ESCAPE);
    expect((await recorded([...argv, '--json'], { isTTY: true })).stdout).not.toContain(ESCAPE);
  });
});

describe('what cannot be tested', () => {
  it.each([
    ['an unknown scheme', ['foo://user:hunter2hunter2@host/db']],
    ['a URL that is not right', ['sqlite://./x.db?password=hunter2hunter2&nope=1']],
    ['a backend that cannot be opened', ['sqlite:///there/is/no/such/folder/state.db']],
    ['a database that each driver has alone', ['sqlite::memory:']],
    ['a module that is not there', ['./nothing.mjs']],
    ['a module without a subject', ['./no-subject.ts']],
    ['a module that cannot make a driver', ['./cannot-create.ts']],
    ['no argument', []],
    ['two arguments', ['memory:', 'redis://user:hunter2hunter2@host']],
    ['an unknown option', ['memory:', '--nope=redis://user:hunter2hunter2@host']],
    ['an unknown clause', ['memory:', '--clause', 'XX1']],
    ['an unknown reporter', ['memory:', '--reporter', 'html']],
    ['two reporters', ['memory:', '--tap', '--json']],
    ['an unknown level', ['memory:', '--require', 'perfect']],
    ['a seed that is no number', ['memory:', '--seed', 'x']],
    ['a time limit of nothing', ['memory:', '--timeout', '0']],
  ])('%s ends with 2, one line and no credentials', async (_what, argv) => {
    const { code, stdout, stderr } = await recorded(['contract', ...argv]);
    expect(code).toBe(2);
    expect(stdout.includes('✔')).toBe(false);
    expect(stderr).toMatch(/^accountkeeper: [^\n]+\n$/);
    expect(stdout + stderr).not.toContain('hunter2');
  });
});

async function storedKeys(path: string): Promise<readonly string[]> {
  const { KeyvSqlite } = await import('@keyv/sqlite');
  const adapter = new KeyvSqlite({ uri: `sqlite://${path}` });
  const rows = (await adapter.query('SELECT key FROM keyv ORDER BY key')) as readonly { readonly key: string }[];
  await adapter.disconnect();
  return rows.map(({ key }) => key);
}

async function storedRecords(path: string): Promise<readonly string[]> {
  return (await storedKeys(path)).filter((key) => key.includes('}:r:'));
}
