import { writeSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { inspect } from 'node:util';
import type { CommonReports, Say } from './protocol.js';

/**
 * Makes this process a worker: it follows the commands on its standard input, one JSON text a line, and ends with
 * whoever started it. An error that nobody handles is a report `failed`.
 *
 * @param start - receives the URL of the driver, and returns what follows a command.
 */
export function serve<Command, Reports extends CommonReports>(
  start: (url: string, say: Say<Reports>) => (command: Command) => Promise<void> | undefined,
): void {
  const say = (kind: string, report: unknown): void => {
    writeSync(1, `${kind} ${JSON.stringify(report) ?? 'null'}\n`);
  };
  const fail = (error: unknown): void => say('failed', inspect(error));
  process.on('unhandledRejection', fail);
  process.on('uncaughtException', fail);
  const follow = start(process.argv[2] ?? '', say);
  const lines = createInterface({ input: process.stdin });
  lines.on('line', (line) => void follow(JSON.parse(line) as Command));
  lines.on('close', () => process.exit(1));
}
