/**
 * `npm run demo`: a trading session, a SIGKILL in the middle, and what came back.
 *
 * Exit codes: 0, 1 when an acknowledged change was lost or a message was unknown, 2 for bad arguments.
 */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type AccountDemo, demonstrate } from './account-demo.js';
import { readArguments, USAGE, UsageError } from './arguments.js';
import { readSession } from './session-file.js';
import { isFlawless, restoredOf, summaryOf } from './summary.js';

const BUNDLED = ['session/bybit-v5.ndjson', 'session/binance-usdm.ndjson'] as const;

try {
  const { inputs, db, help } = readArguments(process.argv.slice(2));
  if (help) console.log(USAGE);
  else process.exitCode = await run(inputs, databaseFile(db));
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  console.error(`${error.message}\n\n${USAGE}`);
  process.exitCode = 2;
}

async function run(inputs: readonly string[], db: string): Promise<number> {
  const bundled = BUNDLED.map((name) => fileURLToPath(new URL(name, import.meta.url)));
  const sources = (inputs.length > 0 ? inputs : bundled).map((input) => ({ input, session: readSession(input) }));
  console.log('A bot replays a trading session into an account on SQLite, is killed, and carries on.\n');
  const demos: AccountDemo[] = [];
  for (const [index, { input, session }] of sources.entries()) {
    const demo = await demonstrate(session, { accountId: `demo-${index + 1}`, db, input: resolve(input) });
    console.log(summaryOf(demo, inputs.length > 0 ? basename(input) : 'the bundled session'));
    demos.push(demo);
  }
  const acknowledged = demos.reduce((sum, { end }) => sum + end.acknowledged, 0);
  const restored = demos.reduce((sum, demo) => sum + restoredOf(demo), 0);
  console.log(`In all: acknowledged ${acknowledged}, restored ${restored}, lost ${acknowledged - restored}`);
  return demos.every(isFlawless) ? 0 : 1;
}

/** The given file, which must be new, or one in a folder that goes with the process. */
function databaseFile(db: string | undefined): string {
  if (db !== undefined) {
    if (existsSync(db)) throw new UsageError(`--db ${db} exists already: name a new file`);
    const folder = dirname(resolve(db));
    if (!existsSync(folder)) throw new UsageError(`--db ${db}: there is no folder ${folder}`);
    return resolve(db);
  }
  const folder = mkdtempSync(join(tmpdir(), 'accountkeeper-demo-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
  return join(folder, 'accounts.db');
}
