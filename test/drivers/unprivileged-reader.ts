// Run as a process of its own that gives up its rights: `unprivileged-reader.ts <path>` opens the file for reading, does
// what it is told, and answers with what it read, or with the code of the error.
import { toAccountKeeperError } from '../../src/core/errors.js';
import { importSqlite } from '../../src/drivers/sqlite-adapter.js';
import { SqliteDriver } from '../../src/drivers/sqlite-driver.js';
import { unprivilegedUser } from '../support/servers/system-user.js';

const [path = ''] = process.argv.slice(2);
const open = await importSqlite();
const user = unprivilegedUser();
if (user !== undefined) {
  process.setgroups?.([]);
  process.setgid?.(user.gid);
  process.setuid?.(user.uid);
}
const driver = new SqliteDriver({ path, busyTimeoutMs: 200 }, async () => open);

const commands: Readonly<Record<string, () => Promise<unknown>>> = {
  open: () => driver.open({ access: 'read' }),
  load: async () => Object.fromEntries((await driver.load('a'))?.records ?? []),
  accounts: async () => {
    const ids: string[] = [];
    for await (const id of driver.accounts()) ids.push(id);
    return ids;
  },
  commit: async () => {
    const batch = { upserts: new Map([['k', 'mine']]), deletes: new Set<string>() };
    return driver.commit('a', batch, { expected: await driver.head('a'), writerId: 'reader', writeId: 'x' });
  },
  close: () => driver.close(),
};

process.on('message', (name: string) => {
  const answer = (value: unknown): void => {
    process.send?.(value ?? 'done');
    if (name === 'close') process.disconnect();
  };
  commands[name]?.().then(answer, (error: unknown) => answer(toAccountKeeperError(error, name).code));
});
process.send?.('ready');
