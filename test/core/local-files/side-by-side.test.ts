import { execFile } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { SpillFolder } from '../../../src/core/local-files/spill-folder.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { WRITER } from './traced-writer.js';
import type { WriterReport } from './writer-program.js';

const COUNT = 200;
const BYTES = 100_000;
const run = promisify(execFile);
const directory = temporaryFolder('side-by-side');

async function write(bytes: number): Promise<WriterReport> {
  const args = ['--import', 'tsx', WRITER, directory, 'same', String(COUNT), String(bytes)];
  const { stdout } = await run(process.execPath, args, { maxBuffer: 10_000_000 });
  return JSON.parse(stdout) as WriterReport;
}

describe('processes that write spills under the same names at the same time', () => {
  it('write each once, and a reader sees whole ones only', { timeout: 120_000 }, async () => {
    const folder = new SpillFolder(directory);
    const seen: unknown[] = [];
    let looks = 0;
    let isOver = false;
    const looking = (async () => {
      while (!isOver) {
        const { damaged } = folder.read('account');
        seen.push(...damaged.filter(({ path }) => !path.endsWith('.unfinished')));
        looks += 1;
        await new Promise((resolve) => setImmediate(resolve));
      }
    })();
    const reports = await Promise.all([write(BYTES), write(BYTES + 1)]);
    isOver = true;
    await looking;
    expect(looks).toBeGreaterThan(2);
    expect(seen).toEqual([]);
    const paths = reports.flatMap((report) => report.paths);
    expect(new Set(paths).size).toBe(COUNT);
    expect(paths).toHaveLength(COUNT);
    expect(new Set(reports.flatMap(({ failures }) => failures))).toEqual(new Set(['UNPERSISTED EEXIST']));
    expect(readdirSync(directory)).toHaveLength(COUNT);
    const { spills, damaged } = folder.read('account');
    expect([spills.length, damaged.length]).toEqual([COUNT, 0]);
    // Each is the one that its writer was told of.
    for (const [index, report] of reports.entries()) {
      const lengths = spills.filter(({ path }) => report.paths.includes(path)).map(sizeOf);
      expect(new Set(lengths)).toEqual(new Set(lengths.length === 0 ? [] : [BYTES + index]));
    }
  });
});

function sizeOf({ spill }: { readonly spill: { readonly records: ReadonlyMap<string, string> } }): number {
  return spill.records.get('record')?.length ?? 0;
}
