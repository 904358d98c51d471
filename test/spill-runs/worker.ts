import { writeSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { inspect } from 'node:util';
import { createDriver } from '../../src/index.js';
import type { Command } from './protocol.js';
import { type Say, Session } from './session.js';

/**
 * A process with one store that keeps in local files what its backend cannot take.
 *
 * Argument: the driver's URL.
 */
const [url = ''] = process.argv.slice(2);
const say: Say = (kind, report) => {
  writeSync(1, `${kind} ${JSON.stringify(report)}\n`);
};
const fail = (error: unknown): void => {
  say('failed', inspect(error));
};
process.on('unhandledRejection', fail);
process.on('uncaughtException', fail);

const driver = createDriver({ url, operationTimeoutMs: 1_000 });
let session: Session | undefined;

function follow(command: Command): Promise<void> | undefined {
  if (command.do === 'end') return session?.end(command);
  session = new Session(driver, command, say);
  return session.begin();
}

const lines = createInterface({ input: process.stdin });
lines.on('line', (line) => void follow(JSON.parse(line) as Command));
// Whoever started this process is gone.
lines.on('close', () => process.exit(1));
