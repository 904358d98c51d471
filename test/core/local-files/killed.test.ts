import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface, type Interface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type HighWater, readHighWaters } from '../../../src/core/local-files/high-water-file.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

const PROGRAM = fileURLToPath(new URL('note-program.ts', import.meta.url));

let directory = '';
const running = new Set<ChildProcess>();

beforeEach(() => {
  directory = temporaryFolder('killed');
});

afterEach(() => {
  for (const child of running) child.kill('SIGKILL');
});

function start(first: number, step: number): { readonly child: ChildProcess; readonly lines: Interface } {
  const args = ['--import', 'tsx', PROGRAM, directory, String(first), String(step)];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  running.add(child);
  child.once('exit', () => running.delete(child));
  return { child, lines: createInterface({ input: child.stdout }) };
}

function stored(): HighWater | undefined {
  const [high] = readHighWaters(directory, 'account');
  return high;
}

describe('a process that is killed while it notes heads', () => {
  it('leaves a whole file, no older than what was settled', { timeout: 120_000 }, async () => {
    for (const count of [1, 7, 40]) {
      const begin = stored()?.revision ?? 0;
      const { child, lines } = start(begin + 1, 1);
      const exited = once(child, 'exit');
      const printed: string[] = [];
      for await (const line of lines) {
        printed.push(line);
        // Lines that it had written before it died still arrive.
        if (printed.length === count) child.kill('SIGKILL');
      }
      await exited;
      expect(printed.filter((line) => !/^\d+$/.test(line))).toEqual([]);
      const settled = Number(printed.at(-1));
      const { revision, writeId } = stored() ?? { revision: 0, writeId: '' };
      expect(settled).toBeGreaterThan(begin);
      expect(revision).toBeGreaterThanOrEqual(settled);
      expect(writeId).toBe(`w${revision}`);
    }
  });

  it('leaves a whole file at each moment, although another process writes the same one', {
    timeout: 120_000,
  }, async () => {
    const writers = [start(1, 2), start(100_000_000, 1)];
    const counts = writers.map(() => 0);
    const failures: string[] = [];
    const reads = writers.map(async ({ lines }, index) => {
      for await (const line of lines) {
        if (!/^\d+$/.test(line)) failures.push(line);
        counts[index] = (counts[index] ?? 0) + 1;
        const found = stored();
        if (found?.writeId !== `w${found?.revision}`) failures.push(JSON.stringify(found));
        if (counts.every((count) => count >= 100)) for (const { child } of writers) child.kill('SIGKILL');
      }
    });
    await Promise.all(reads);
    expect(failures).toEqual([]);
    expect(counts.every((count) => count >= 100)).toBe(true);
  });
});
