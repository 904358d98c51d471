import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { MemoryDriver, openAccount, registerDriver } from '../src/index.js';
import { FakeClock } from './support/fake-clock.js';
import { rejection } from './support/open-store.js';
import { ScriptedDriver } from './support/scripted-driver.js';
import { temporaryFolder } from './support/temporary-folder.js';

const folder = temporaryFolder('open');

interface EntryMetadata {
  leaderId: string;
  entryCountLong: number;
}

describe('openAccount', () => {
  it('restores what an earlier account of that name had saved', async () => {
    const options = { accountId: 'bybit-main', persistence: `sqlite://${join(folder, 'state.db')}` };
    const first = await openAccount<EntryMetadata>(options);
    first.setSymbolMetadata('BTCUSDT', { leaderId: 'L1', entryCountLong: 1 });
    await first.flush();
    await first.close();
    const second = await openAccount<EntryMetadata>(options);
    expect(second.getSymbolMetadata('BTCUSDT')).toEqual({ leaderId: 'L1', entryCountLong: 1 });
    await second.close();
  });

  it('closes a driver that it made, and leaves one open that it was given', async () => {
    const driver = new MemoryDriver();
    const given = await openAccount({ accountId: 'a', persistence: driver });
    await given.close();
    // The claim, and the release.
    expect(await driver.head('a')).toMatchObject({ revision: 2 });

    const made = new ScriptedDriver(new MemoryDriver(), new FakeClock());
    registerDriver('scripted', () => made);
    const account = await openAccount({ accountId: 'a', persistence: 'scripted:' });
    await account.close();
    expect((await rejection(made.head('a'))).code).toBe('CLOSED');
  });

  it('leaves nothing open when it fails', async () => {
    const made = new ScriptedDriver(new MemoryDriver(), new FakeClock());
    made.failLoads = 1;
    registerDriver('failing', () => made);
    expect((await rejection(openAccount({ accountId: 'a', persistence: 'failing:' }))).code).toBe('UNAVAILABLE');
    expect((await rejection(made.head('a'))).code).toBe('CLOSED');
  });

  it('hands the restore options on', async () => {
    const options = { accountId: 'never-there', persistence: 'memory:', restore: { mustExist: true } };
    expect((await rejection(openAccount(options))).code).toBe('ROLLED_BACK');
  });

  it.each([
    { accountId: 'a' },
    { accountId: '', persistence: 'memory:' },
    { accountId: 'a', persistence: 'nosuch:' },
    { accountId: 'a', persistence: 5 },
    { accountId: 'a', persistence: 'memory:', flsh: {} },
  ])('refuses %o', async (options) => {
    expect((await rejection(openAccount(options as never))).code).toBe('CONFIG');
  });

  it('never quotes the credentials of a URL', async () => {
    const error = await rejection(
      openAccount({ accountId: 'a', persistence: 'nosuch://user:s3cret@host/db?password=s3cret' }),
    );
    expect(`${error['message']} ${error['stack']}`).not.toContain('s3cret');
  });
});

describe('a process', () => {
  it('stays alive while something is pending, and ends by itself once it is durable', async () => {
    const path = join(folder, 'alive.db');
    const script = join(folder, 'alive.mts');
    writeFileSync(
      script,
      `import { openAccount } from ${JSON.stringify(resolve(import.meta.dirname, '../src/index.ts'))};
       const account = await openAccount({ accountId: 'a', persistence: ${JSON.stringify(`sqlite://${path}`)} });
       account.setSymbolMetadata('A', { n: 1 });`,
    );
    execFileSync(process.execPath, ['--import', 'tsx', script], {
      cwd: resolve(import.meta.dirname, '..'),
      timeout: 20_000,
    });
    const account = await openAccount({ accountId: 'a', persistence: `sqlite://${path}` });
    expect(account.getSymbolMetadata('A')).toEqual({ n: 1 });
    await account.close();
  });
});
