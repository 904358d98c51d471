import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { requireProgram } from '../support/programs.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { CRASH_WORKER } from './crash.js';
import type { CrashCommand, CrashReports } from './crash-worker.js';
import { WorkerProcess } from './harness/worker-process.js';
import { readSyncTrace, type SyncTrace } from './sync-trace.js';

const STEPS = 60;
const folder = temporaryFolder('trace');

/** SIGKILL does not lose the page cache, so what a host crash would lose is only seen in the system calls. */
async function trace(synchronous: string): Promise<SyncTrace> {
  const strace = requireProgram({ name: 'strace', debianPackage: 'strace' });
  const output = join(folder, `${synchronous}.trace`);
  const worker = new WorkerProcess<CrashCommand, CrashReports>({
    script: CRASH_WORKER,
    url: `sqlite://${join(folder, `${synchronous}.db`)}?synchronous=${synchronous}`,
    under: [strace, '-f', '-y', '-e', 'trace=pwrite64,fdatasync,fsync,write', '-o', output],
  });
  worker.tellToEnd({ accountIds: ['traced'], seed: 5, lastStep: STEPS });
  expect(await worker.ended()).toBe(0);
  expect(worker.failures).toEqual([]);
  return readSyncTrace(readFileSync(output, 'utf8'));
}

describe('the system calls of the SQLite driver', () => {
  it('show a sync of the write-ahead log before each acknowledgement at synchronous FULL', {
    timeout: 120_000,
  }, async () => {
    const { acknowledgements, unsynced, syncs } = await trace('full');
    expect(acknowledgements).toBeGreaterThan(5);
    expect(syncs).toBeGreaterThanOrEqual(acknowledgements);
    expect(unsynced).toBe(0);
  });

  it('show none at synchronous OFF, so that the trace can tell', { timeout: 120_000 }, async () => {
    const { acknowledgements, unsynced } = await trace('off');
    expect(acknowledgements).toBeGreaterThan(5);
    expect(unsynced).toBe(acknowledgements);
  });
});
