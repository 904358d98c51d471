import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { requireProgram } from '../support/programs.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { WORKER } from './crash-run.js';
import { readSyncTrace, type SyncTrace } from './sync-trace.js';

const STEPS = 60;
const folder = temporaryFolder('trace');

/** SIGKILL does not lose the page cache, so what a host crash would lose is only seen in the system calls. */
function trace(name: string, synchronous: string): SyncTrace {
  const strace = requireProgram({ name: 'strace', debianPackage: 'strace' });
  const output = join(folder, `${name}.trace`);
  const url = `sqlite://${join(folder, `${name}.db`)}?synchronous=${synchronous}`;
  const traced = [process.execPath, '--import', 'tsx', WORKER, url, '1', '5', String(STEPS)];
  execFileSync(strace, ['-f', '-y', '-e', 'trace=pwrite64,fdatasync,fsync,write', '-o', output, ...traced], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  return readSyncTrace(readFileSync(output, 'utf8'));
}

describe('the system calls of the SQLite driver', () => {
  it('show a sync of the write-ahead log before each acknowledgement at synchronous FULL', { timeout: 120_000 }, () => {
    const { acknowledgements, unsynced, syncs } = trace('full', 'full');
    expect(acknowledgements).toBeGreaterThan(5);
    expect(syncs).toBeGreaterThanOrEqual(acknowledgements);
    expect(unsynced).toBe(0);
  });

  it('show none at synchronous OFF, so that the trace can tell', { timeout: 120_000 }, () => {
    const { acknowledgements, unsynced } = trace('off', 'off');
    expect(acknowledgements).toBeGreaterThan(5);
    expect(unsynced).toBe(acknowledgements);
  });
});
