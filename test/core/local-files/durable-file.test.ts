import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { SpillFolder } from '../../../src/core/local-files/spill-folder.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { sampleSpill } from './sample-spill.js';
import { traceWriter } from './traced-writer.js';

const TIMEOUT_MS = 60_000;

let root = '';
let directory = '';
let path = '';
let unfinished = '';

beforeEach(() => {
  root = temporaryFolder('durable');
  directory = join(root, 'a', 'b');
  // The name that the traced writer's spill gets.
  path = new SpillFolder(directory).write(sampleSpill({ id: 'traced-0' }));
  unfinished = `${path}.unfinished`;
  rmSync(join(root, 'a'), { recursive: true });
});

describe('the system calls that write a spill', { timeout: TIMEOUT_MS }, () => {
  it('sync the content before it gets its name, then the name, and the names of new folders', () => {
    const { report, calls } = traceWriter(directory);
    expect(report).toEqual({ paths: [path], failures: [] });
    expect(calls.every(({ succeeded }) => succeeded)).toBe(true);
    const steps = calls.filter(({ name }) => name !== 'openat').map(({ name, target }) => `${name} ${target}`);
    expect(steps).toEqual([
      `fsync ${dirname(directory)}`,
      `fsync ${root}`,
      `write ${unfinished}`,
      `fsync ${unfinished}`,
      `link ${path}`,
      `unlink ${unfinished}`,
      `fsync ${directory}`,
    ]);
  });

  it.each(['EPERM', 'EOPNOTSUPP'])('do without hard links (%s)', (code) => {
    const { report, calls } = traceWriter(directory, [`link,linkat:error=${code}`]);
    expect(report).toEqual({ paths: [path], failures: [] });
    const done = calls.filter(({ name, succeeded }) => name !== 'openat' && succeeded);
    const steps = done.slice(-4).map(({ name, target }) => `${name} ${target}`);
    expect(steps).toEqual([`write ${unfinished}`, `fsync ${unfinished}`, `rename ${path}`, `fsync ${directory}`]);
    expect(readdirSync(directory)).toEqual([basename(path)]);
    expect(new SpillFolder(directory).read('account').spills).toHaveLength(1);
  });

  it('take the place of no file without hard links either', () => {
    new SpillFolder(directory).write(sampleSpill({ id: 'traced-0' }));
    const before = readFileSync(path);
    const { report } = traceWriter(directory, ['link,linkat:error=EPERM']);
    expect(report).toEqual({ paths: [], failures: ['UNPERSISTED EEXIST'] });
    expect(readFileSync(path)).toEqual(before);
    expect(readdirSync(directory)).toEqual([basename(path)]);
  });

  it.each([
    ['ENOSPC', ['write:error=ENOSPC']],
    ['EROFS', ['openat:error=EROFS']],
    ['EIO', ['fsync:error=EIO']],
    ['ENOSPC', ['link,linkat:error=ENOSPC', 'rename,renameat2:error=ENOSPC']],
    // The first thing that went wrong is what is told.
    ['ENOSPC', ['write:error=ENOSPC', 'unlink:error=EIO']],
  ])('fail with %s, and leave nothing behind (%j)', (code, faults) => {
    const { report } = traceWriter(directory, faults, [unfinished]);
    expect(report).toEqual({ paths: [], failures: [`UNPERSISTED ${code}`] });
    const canRemove = !faults.some((fault) => fault.startsWith('unlink'));
    expect(readdirSync(directory)).toEqual(canRemove ? [] : [basename(unfinished)]);
  });

  it.each(['EINVAL', 'EOPNOTSUPP'])('do where folders cannot be synced (%s)', (code) => {
    expect(traceWriter(directory, [`fsync:error=${code}`], [directory]).report.failures).toEqual([]);
    expect(readdirSync(directory)).toEqual([basename(path)]);
  });

  it('fail when the sync of the folder does, and keep the file, which is whole', () => {
    const { report } = traceWriter(directory, ['fsync:error=EIO'], [directory]);
    expect(report).toEqual({ paths: [], failures: ['UNPERSISTED EIO'] });
    expect(new SpillFolder(directory).read('account').spills).toHaveLength(1);
  });

  it('succeed when only the first name cannot be taken away, which the spill is not read under then', () => {
    const { report } = traceWriter(directory, ['unlink:error=EIO'], [unfinished]);
    expect(report).toEqual({ paths: [path], failures: [] });
    expect(existsSync(unfinished)).toBe(true);
    const { spills, damaged } = new SpillFolder(directory).read('account');
    expect([spills.length, damaged.length]).toEqual([1, 0]);
  });
});
