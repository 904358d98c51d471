import { fork } from 'node:child_process';
import { on, once } from 'node:events';
import { chmod, copyFile, readdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { batchOf, collect, onTopOf, rawSqlite, rejection, sqlite, temporaryFolder } from '../support.js';

/** A process without the rights of this one. */
const reader = fork(fileURLToPath(new URL('./unprivileged-reader.ts', import.meta.url)), {
  execArgv: ['--import', 'tsx'],
});
const answers = on(reader, 'message', { close: ['exit'] });
await answers.next();

afterAll(async () => {
  const exited = once(reader, 'exit');
  reader.disconnect();
  await exited;
});

/** What it read, or the code of the error. */
async function tell(command: string, path = ''): Promise<unknown> {
  reader.send([command, path]);
  const { done, value } = await answers.next();
  if (done === true) throw new Error('the reader has ended');
  return value[0];
}

/** A folder that somebody without rights can look into, and its database. */
async function folderWithState(): Promise<string> {
  const path = join(await temporaryFolder(), 'state.db');
  await chmod(dirname(path), 0o555);
  return path;
}

describe('SqliteDriver: opened for reading', () => {
  it('creates nothing: what is missing rejects CONFIG, and never looks empty', async () => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, 'empty.db'), '');
    await (await rawSqlite(join(folder, 'other.db'))).query('CREATE TABLE unrelated (key TEXT)');
    const before = await readdir(folder);
    for (const driver of [
      sqlite({ path: join(folder, 'missing.db') }),
      sqlite({ path: join(folder, 'empty.db') }),
      sqlite({ path: join(folder, 'other.db'), table: 'missing' }),
      sqlite({ path: join(folder, 'missing', 'state.db') }),
    ]) {
      const refused = { code: 'CONFIG', outcome: 'not-applied', retryable: false };
      expect(await rejection(driver.open({ access: 'read' }))).toMatchObject(refused);
      expect(await rejection(driver.load('a'))).toMatchObject(refused);
      expect(await rejection(driver.head('a'))).toMatchObject(refused);
      expect(await rejection(collect(driver.accounts()))).toMatchObject(refused);
    }
    expect(await readdir(folder)).toEqual(before);
  });

  it('reads what is written meanwhile, and leaves the folder as it was', async () => {
    const path = join(await temporaryFolder(), 'state.db');
    const writer = sqlite({ path });
    let head = await writer.commit('a', batchOf({ k: '1' }), onTopOf(undefined));
    const driver = sqlite({ path });
    await driver.open({ access: 'read' });
    expect((await driver.load('a'))?.head).toEqual(head);
    head = await writer.commit('a', batchOf({ k: '2' }), onTopOf(head));
    await writer.close();
    expect((await driver.load('a'))?.records.get('k')).toBe('2');
    await driver.close();
    expect(await readdir(dirname(path))).toEqual(['state.db']);
    const later = sqlite({ path });
    await later.open({ access: 'read' });
    expect(await later.head('a')).toEqual(head);
    await later.close();
    expect(await readdir(dirname(path))).toEqual(['state.db']);
  });

  it('is opened for writing by a commit, or by an open for writing, which includes reading', async () => {
    const path = join(await temporaryFolder(), 'state.db');
    const maker = sqlite({ path });
    const first = await maker.commit('a', batchOf({ k: '1' }), onTopOf(undefined));
    const driver = sqlite({ path });
    await driver.open({ access: 'read' });
    await expect(driver.commit('a', batchOf({ k: '2' }), onTopOf(first))).resolves.toMatchObject({ revision: 2 });
    const missing = sqlite({ path: join(dirname(path), 'new.db') });
    await rejection(missing.open({ access: 'read' }));
    await missing.open();
    await missing.open({ access: 'read' });
    expect(await missing.load('a')).toBeUndefined();
  });

  it('needs read rights alone: to a file at rest, one that is written, and one whose writer was killed', async () => {
    const path = await folderWithState();
    const writer = sqlite({ path });
    const first = await writer.commit('a', batchOf({ k: '1' }), onTopOf(undefined));
    await writer.close();
    await chmod(path, 0o444);
    expect(await tell('open', path)).toBe('done');
    expect(await tell('load')).toEqual({ k: '1' });
    expect(await tell('commit')).toBe('UNAVAILABLE');
    expect(await tell('load')).toEqual({ k: '1' });

    const again = sqlite({ path });
    const second = await again.commit('a', batchOf({ k: '2' }), onTopOf(first));
    expect(await tell('load')).toEqual({ k: '2' });
    await again.commit('a', batchOf({ k: '3' }), onTopOf(second));
    await again.commit('b', batchOf(), onTopOf(undefined));
    expect(await tell('load')).toEqual({ k: '3' });
    expect(await tell('accounts')).toEqual(['a', 'b']);

    const killed = await folderWithState();
    for (const suffix of ['', '-wal', '-shm']) {
      await copyFile(path + suffix, killed + suffix);
      await chmod(killed + suffix, 0o444);
    }
    expect(await tell('open', killed)).toBe('done');
    expect(await tell('load')).toEqual({ k: '3' });
    await rm(`${killed}-shm`);
    expect(await tell('open', killed)).toBe('UNAVAILABLE');
    expect(await readdir(dirname(killed))).toEqual(['state.db', 'state.db-wal']);
  });

  it('never takes a missing right for an empty file', async () => {
    const path = await folderWithState();
    await sqlite({ path }).commit('a', batchOf({ k: '1' }), onTopOf(undefined));
    await chmod(path, 0);
    expect(await tell('open', path)).toBe('UNAVAILABLE');
    expect(await tell('load')).toBe('UNAVAILABLE');
  });

  it('refuses another access', async () => {
    const driver = sqlite({ path: ':memory:' });
    for (const access of ['both', 1, null, {}]) {
      expect((await rejection(driver.open({ access } as never))).code).toBe('CONFIG');
    }
    await driver.open({ access: 'read' });
    expect(await driver.load('a')).toBeUndefined();
  });
});
