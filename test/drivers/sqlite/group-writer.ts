// Run as a process of its own: `group-writer.ts <path>` commits to 50 accounts side by side until it is killed. All
// records of a commit have its revision as their value; what was acknowledged is sent to the parent.
import { SqliteDriver } from '../../../src/drivers/sqlite/driver.js';

const driver = new SqliteDriver({ path: process.argv[2] ?? '' });

async function write(id: string): Promise<never> {
  let head = (await driver.load(id))?.head;
  for (;;) {
    const revision = (head?.revision ?? 0) + 1;
    const upserts = new Map(['a', 'b', 'c'].map((key) => [key, String(revision)]));
    head = await driver.commit(
      id,
      { upserts, deletes: new Set() },
      {
        expected: head === undefined ? undefined : { revision: head.revision, writeId: head.writeId },
        writerId: `process ${process.pid}`,
        writeId: `${process.pid} ${id} ${revision}`,
      },
    );
    process.send?.([id, head.revision]);
  }
}

process.on('disconnect', () => process.exit());
await Promise.all(Array.from({ length: 50 }, (_, index) => write(`account ${index}`)));
