import { SqliteDriver } from '../../../src/drivers/sqlite/driver.js';
import { accountOf, documents } from '../costs.js';

/** Arguments: the path of the database, and how many commits to make after the first ones. */
const [, , path = '', commits = '0'] = process.argv;
const driver = new SqliteDriver({ path });
const { commit } = await accountOf(driver, 'a', 1);
for (let made = 0; made < Number(commits); made += 1) await commit(documents(1));
await driver.close();
