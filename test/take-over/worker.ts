import { writeSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { inspect } from 'node:util';
import { createDriver } from '../../src/index.js';
import type { Command } from './protocol.js';
import { type Say, Tenure } from './tenure.js';

/**
 * A process that owns an account from time to time, as its standard input tells it, and changes it steadily then.
 *
 * Arguments: the driver's URL, the account's id, the number of changes a second.
 */
const [url = '', accountId = '', changesPerSecond = '1000'] = process.argv.slice(2);
const say: Say = (kind, report) => {
  writeSync(1, `${kind} ${JSON.stringify(report) ?? 'null'}\n`);
};
const fail = (error: unknown): void => {
  say('failed', inspect(error));
};
process.on('unhandledRejection', fail);
process.on('uncaughtException', fail);

const driver = createDriver({ url, operationTimeoutMs: 1_000 });
let tenure: Tenure | undefined;

async function follow(command: Command): Promise<void> {
  if (command.do === 'own') {
    tenure = new Tenure({ driver, accountId, by: command.by, changesPerSecond: Number(changesPerSecond), say });
    await tenure.begin();
    return;
  }
  await tenure?.end();
  await driver.close({ timeoutMs: 1_000 });
  process.exit(0);
}

const lines = createInterface({ input: process.stdin });
lines.on('line', (line) => void follow(JSON.parse(line) as Command));
// Whoever started this process is gone.
lines.on('close', () => process.exit(1));
