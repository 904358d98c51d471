// Run as a process of its own that gives up its rights. It opens files for reading, does what it is told with the one
// that it opened last, and answers with what it read, or with the code of the error.
import { toAccountKeeperError } from '../../../src/core/errors.js';
import { importSqlite } from '../../../src/drivers/sqlite/adapter.js';
import { SqliteDriver } from '../../../src/drivers/sqlite/driver.js';
import { unprivilegedUser } from '../../support/servers/system-user.js';

const open = await importSqlite();
const user = unprivilegedUser();
if (user !== undefined) {
  process.setgroups?.([]);
  process.setgid?.(user.gid);
  process.setuid?.(user.uid);
}
let driver = new SqliteDriver({ path: ':memory:' });

const commands: Readonly<Record<string, (path: string) => Promise<unknown>>> = {
  open: async (path) => {
    await driver.close();
    driver = new SqliteDriver({ path, busyTimeoutMs: 200 }, async () => open);
    await driver.open({ access: 'read' });
  },
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
};

process.on('message', ([name, path]: [string, string]) => {
  const answer = (value: unknown): void => void process.send?.(value ?? 'done');
  commands[name]?.(path).then(answer, (error: unknown) => answer(toAccountKeeperError(error, name).code));
});
process.send?.('ready');
