import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { SqliteDriver } from '../../src/drivers/sqlite/driver.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { recorded } from './recorded-io.js';

const folder = temporaryFolder('doctor');

describe('accountkeeper doctor', () => {
  it('says what a usable backend is and how long it takes, and ends with 0', async () => {
    const { code, stdout, stderr } = await recorded(['doctor', `sqlite://${join(folder, 'good.db')}`]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/^driver +sqlite$/m);
    expect(stdout).toMatch(/^durability +host$/m);
    expect(stdout).toMatch(/^round trip +commit [\d.]+ ms, load [\d.]+ ms$/m);
    expect(stdout).toMatch(/^verdict +usable$/m);
  });

  it('names each warning, and ends with 3', async () => {
    const url = `sqlite://${join(folder, 'weak.db')}?synchronous=normal`;
    const { code, stdout } = await recorded(['doctor', url]);
    expect(code).toBe(3);
    expect(stdout).toContain('synchronous-not-full: ');
    const json = await recorded(['doctor', url, '--json']);
    expect(json.code).toBe(3);
    expect(JSON.parse(json.stdout)).toMatchObject({
      schema: 1,
      url,
      verdict: 'usable with warnings',
      name: 'sqlite',
      capabilities: { durability: 'process', conditionalCommit: true },
      warnings: [{ code: 'synchronous-not-full' }],
      openError: null,
      roundTrip: { ok: true },
    });
  });

  it('ends with 1 and the reason where the backend cannot be opened', async () => {
    const url = `sqlite://${join(folder, 'no-such-folder', 'state.db')}`;
    const { code, stdout } = await recorded(['doctor', url]);
    expect(code).toBe(1);
    expect(stdout).toMatch(/^open +failed with UNAVAILABLE: /m);
    const json = await recorded(['doctor', url, '--json']);
    const diagnosis = { verdict: 'unusable', openError: { code: 'UNAVAILABLE' }, roundTrip: null };
    expect(JSON.parse(json.stdout)).toMatchObject(diagnosis);
  });

  it('leaves the accounts that are there alone, and none of its own', async () => {
    const path = join(folder, 'used.db');
    const driver = new SqliteDriver({ path });
    const options = { expected: undefined, writerId: 'me', writeId: 'mine' };
    await driver.commit('mine', { upserts: new Map([['key', '1']]), deletes: new Set() }, options);
    const before = await driver.load('mine');
    expect((await recorded(['doctor', `sqlite://${path}`])).code).toBe(0);
    expect(await driver.load('mine')).toEqual(before);
    await driver.close();
  });

  it.each([
    ['an unknown scheme', ['foo://user:hunter2hunter2@host/db']],
    ['no URL', ['./module.ts']],
    ['no argument', []],
    ['a time limit that is no number', ['memory:', '--timeout', 'soon']],
  ])('%s ends with 2, one line and no credentials', async (_what, argv) => {
    const { code, stdout, stderr } = await recorded(['doctor', ...argv]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(/^accountkeeper: [^\n]+\n$/);
    expect(stderr).not.toContain('hunter2');
  });
});
