// Run as a process of its own: `second-process.ts <path> <increments>` adds to the counter of the account `shared`.
import { isAccountKeeperError } from '../../../src/core/errors.js';
import { SqliteDriver } from '../../../src/drivers/sqlite/driver.js';

const [path = '', increments = '0'] = process.argv.slice(2);
const driver = new SqliteDriver({ path });
for (let done = 0; done < Number(increments); ) {
  const stored = await driver.load('shared');
  const count = String(Number(stored?.records.get('count') ?? 0) + 1);
  const head = stored?.head;
  try {
    await driver.commit(
      'shared',
      { upserts: new Map([['count', count]]), deletes: new Set() },
      {
        expected: head === undefined ? undefined : { revision: head.revision, writeId: head.writeId },
        writerId: `process ${process.pid}`,
        writeId: `${process.pid} ${done}`,
      },
    );
    done += 1;
  } catch (error) {
    if (!isAccountKeeperError(error) || error.code !== 'CONFLICT') throw error;
  }
}
await driver.close();
