/**
 * The bot of the demo: opens the account, goes on from where the account says that it is, and tells its parent of each
 * acknowledgement. It has no idea of when it will be killed, except that it holds still to be killed with changes
 * pending.
 */
import { readSync, writeSync } from 'node:fs';
import { openAccount } from 'accountkeeper';
import { TradingEngine } from '../engine.js';
import type { EngineMetadata, SymbolMetadata } from '../engine-metadata.js';
import { changedRecords, metadataRecords } from './metadata-records.js';
import { readSession } from './session-file.js';
import type { WorkerReport, WorkerTask } from './worker-protocol.js';

const STDIN = 0;
const STDOUT = 1;

const task: WorkerTask = JSON.parse(process.argv[2] ?? '{}');
const { exchange, messages } = readSession(task.input);

const account = await openAccount<SymbolMetadata, EngineMetadata>({
  accountId: task.accountId,
  persistence: { driver: 'sqlite', path: task.db },
  // Everything, for a warm start: the replay goes on where it stopped. A live bot resyncs over REST instead.
  persist: ['metadata', 'positions', 'orders', 'leverage', 'balance'],
  restore: { mustExist: task.mustExist },
});
const engine = new TradingEngine(account, exchange.applyMessage);
const firstMessage = engine.messagesProcessed;
let acknowledged = metadataRecords(account);
report({ type: 'restored', cursor: firstMessage, records: acknowledged });
for (const message of messages.slice(0, firstMessage)) if (message.channel === 'ticker') engine.resume(message);

let acknowledgements = 0;
for (const [index, message] of messages.entries()) {
  if (index < firstMessage) continue;
  engine.process(message);
  const isDue = (index + 1 - firstMessage) % task.flushEvery === 0 || index + 1 === messages.length;
  if (!isDue) continue;
  if (acknowledgements === task.holdAfter) holdStill();
  await acknowledge();
}
await account.close();
report({ type: 'closed', cursor: engine.messagesProcessed });

/** Reports what `flush` resolved for, in the same breath: nothing else runs between the two. */
async function acknowledge(): Promise<void> {
  const cursor = engine.messagesProcessed;
  const records = metadataRecords(account);
  await account.flush();
  report({ type: 'acknowledged', cursor, changes: changedRecords(acknowledged, records) });
  acknowledged = records;
  acknowledgements += 1;
}

/** Blocks the process, so that what is pending stays pending, until it is killed (or its parent is gone). */
function holdStill(): never {
  const { pendingRecords } = account.persistenceStatus();
  report({ type: 'holding', cursor: engine.messagesProcessed, pendingRecords });
  readSync(STDIN, Buffer.alloc(1));
  process.exit(1);
}

/** Synchronous: what was reported survives the SIGKILL that follows. */
function report(message: WorkerReport): void {
  writeSync(STDOUT, `${JSON.stringify(message)}\n`);
}
