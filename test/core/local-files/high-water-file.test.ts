import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { type AccountKeeperError, isAccountKeeperError } from '../../../src/core/errors.js';
import { accountFileName } from '../../../src/core/local-files/account-file-name.js';
import {
  type HighWater,
  HighWaterFile,
  type HighWaterFileOptions,
  readHighWaters,
} from '../../../src/core/local-files/high-water-file.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { anyText } from './sample-spill.js';

let root = '';
let directory = '';
let errors: AccountKeeperError[] = [];

beforeEach(() => {
  root = temporaryFolder('high-water');
  directory = join(root, 'made');
  errors = [];
});

function open(options: Partial<HighWaterFileOptions> = {}): HighWaterFile {
  const onError = (error: AccountKeeperError): unknown => errors.push(error);
  return new HighWaterFile({ directory, accountId: 'account', lineage: 'lineage', onError, ...options });
}

function head(revision: number): HighWater {
  return { revision, writeId: `w${revision}`, writerId: 'writer' };
}

/** What the files say, without their paths. */
function read(accountId = 'account'): HighWater[] {
  return readHighWaters(directory, accountId).map(({ path: _, ...high }) => high);
}

/** The head of the one file that there is. */
function remembered(accountId = 'account'): HighWater | undefined {
  const [high, ...others] = read(accountId);
  expect(others).toEqual([]);
  expect(high?.lineage).toBe('lineage');
  return high === undefined ? undefined : { revision: high.revision, writeId: high.writeId, writerId: high.writerId };
}

async function noted(...revisions: readonly number[]): Promise<string> {
  const file = open();
  for (const revision of revisions) file.note(head(revision));
  await file.settled();
  const [name = ''] = readdirSync(directory);
  return join(directory, name);
}

function codeOfRead(accountId = 'account'): string {
  try {
    readHighWaters(directory, accountId);
  } catch (error) {
    if (isAccountKeeperError(error) && !error.retryable) return error.code;
    throw error;
  }
  return 'none';
}

/** A disk that finishes a write when it is told to. */
class SlowDisk {
  readonly writes: { readonly revision: number; readonly finish: (error?: Error) => void }[] = [];
  readonly #waiting: (() => void)[] = [];

  readonly replace = (_path: string, content: string): Promise<void> => {
    const { revision } = JSON.parse(content.split('\n')[1] ?? '') as { readonly revision: number };
    const written = new Promise<void>((resolve, reject) => {
      const finish = (error?: Error): void => (error === undefined ? resolve() : reject(error));
      this.writes.push({ revision, finish });
    });
    for (const wake of this.#waiting.splice(0)) wake();
    return written;
  };

  /** Resolves when this many writes have begun. */
  async begun(count: number): Promise<void> {
    while (this.writes.length < count) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  get revisions(): readonly number[] {
    return this.writes.map(({ revision }) => revision);
  }
}

describe('the high-water file', () => {
  it('remembers the newest head of any account, exactly', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyText, { minLength: 4, maxLength: 4 }), fc.maxSafeNat(), async (texts, revision) => {
        const [accountId = '', lineage = '', writeId = '', writerId = ''] = texts;
        const file = open({ accountId, lineage });
        file.note({ revision, writeId, writerId });
        await file.settled();
        expect(read(accountId)).toEqual([{ revision, writeId, writerId, lineage }]);
        expect(errors).toEqual([]);
        rmSync(directory, { recursive: true });
      }),
      { numRuns: 100 },
    );
  });

  it('says nothing before anything was noted, and makes nothing', async () => {
    expect(read()).toEqual([]);
    await open().settled();
    expect(existsSync(directory)).toBe(false);
  });

  it('keeps accounts apart, one file each, which nobody else can read', async () => {
    for (const [index, accountId] of ['a', 'A', 'a/', 'a_'].entries()) {
      const file = open({ accountId });
      file.note(head(index + 1));
      file.note(head(index + 10));
      await file.settled();
    }
    expect(readdirSync(directory)).toHaveLength(4);
    expect(remembered('a/')).toEqual(head(12));
    for (const name of readdirSync(directory)) expect(statSync(join(directory, name)).mode & 0o777).toBe(0o600);
  });

  it('is one for each lineage of an account', async () => {
    for (const [index, lineage] of ['one', 'two'].entries()) {
      const file = open({ lineage });
      file.note(head(index + 1));
      await file.settled();
    }
    expect(read()).toEqual([
      { ...head(1), lineage: 'one' },
      { ...head(2), lineage: 'two' },
    ]);
    const [{ path = '' } = {}] = readHighWaters(directory, 'account');
    expect(existsSync(path)).toBe(true);
  });

  it('is read as an earlier version wrote it, and replaced by one with a lineage', async () => {
    mkdirSync(directory);
    const path = join(directory, `${accountFileName('account')}.high-water`);
    const text =
      'accountkeeper-high-water 1 sha256:35221e683e0ad2bb93d0278774324720b6985becd21b02cbb818cc5e1cff61ac\n' +
      '{"accountId":"account","revision":7,"writeId":"w7"}\n';
    writeFileSync(path, text);
    expect(read()).toEqual([{ revision: 7, writeId: 'w7' }]);
    const file = open();
    file.note(head(8));
    await file.settled();
    expect(existsSync(path)).toBe(false);
    expect(remembered()).toEqual(head(8));
  });

  it('recognises a file that is torn at any length, or has any bit changed', async () => {
    const path = await noted(42);
    const bytes = readFileSync(path);
    const damages = Array.from(bytes, (_, length) => bytes.subarray(0, length));
    for (const [at, byte] of bytes.entries()) {
      for (const bit of [1, 8, 64, 128]) damages.push(Buffer.from(bytes).fill(byte ^ bit, at, at + 1));
    }
    for (const damaged of damages) {
      writeFileSync(path, damaged);
      expect(codeOfRead(), damaged.toString('latin1')).toBe('CORRUPT');
    }
    writeFileSync(path, bytes);
    expect(remembered()).toEqual(head(42));
  });

  it('recognises the file of another account or program', async () => {
    const path = await noted(42);
    const bytes = readFileSync(path);
    const other = open({ accountId: 'other' });
    other.note(head(1));
    await other.settled();
    const otherPath = join(directory, readdirSync(directory).find((name) => !path.endsWith(name)) ?? '');
    writeFileSync(otherPath, bytes);
    expect(codeOfRead('other')).toBe('CORRUPT');
    writeFileSync(otherPath, '{"revision":1}\n');
    expect(codeOfRead('other')).toBe('CORRUPT');
  });

  it.each([
    '{"accountId":"account","revision":1.5,"writeId":"w"}',
    '{"accountId":"account","revision":"1","writeId":"w"}',
    '{"accountId":"account","writeId":"w"}',
    '{"accountId":"account","revision":1}',
    '{"accountId":"account","revision":1,"writeId":5}',
    '{"accountId":"other","revision":1,"writeId":"w"}',
    'null',
    'no JSON',
    '',
  ])('recognises what no version of this library writes, although its checksum is right: %s', async (body) => {
    const path = await noted(42);
    const digest = createHash('sha256').update(body).digest('hex');
    writeFileSync(path, `accountkeeper-high-water 1 sha256:${digest}\n${body}\n`);
    expect(codeOfRead()).toBe('CORRUPT');
  });

  it('recognises a file with something behind its end', async () => {
    const path = await noted(42);
    const text = readFileSync(path, 'utf8');
    for (const more of ['\n', 'x', 'x\n']) {
      writeFileSync(path, text + more);
      expect(codeOfRead()).toBe('CORRUPT');
    }
  });

  it('is named by the error when it cannot be used', async () => {
    const path = await noted(42);
    writeFileSync(path, 'torn');
    expect(() => read()).toThrow(path);
    rmSync(path);
    mkdirSync(path);
    expect(() => read()).toThrow(path);
    const file = open();
    file.note(head(43));
    await file.settled();
    expect(errors[0]?.message).toContain(path);
  });

  it('makes a directory that nobody else can look into', async () => {
    await noted(1);
    expect(statSync(directory).mode & 0o777).toBe(0o700);
  });

  it('does not take a file that cannot be read for none', async () => {
    const path = await noted(1);
    rmSync(path);
    mkdirSync(path);
    expect(() => read()).toThrow(expect.objectContaining({ code: 'UNAVAILABLE' }));
  });
});

describe('noting heads', () => {
  it('writes one at a time, and the newest of those that came meanwhile', async () => {
    const disk = new SlowDisk();
    const file = open({ replace: disk.replace });
    file.note(head(1));
    expect(disk.writes).toHaveLength(0);
    await disk.begun(1);
    for (const revision of [2, 3, 5, 4]) file.note(head(revision));
    expect(disk.revisions).toEqual([1]);
    disk.writes[0]?.finish();
    await disk.begun(2);
    file.note(head(5));
    disk.writes[1]?.finish();
    await file.settled();
    expect(disk.revisions).toEqual([1, 5]);
  });

  it('is settled when all that was noted is written, and not before', async () => {
    const disk = new SlowDisk();
    const file = open({ replace: disk.replace });
    file.note(head(1));
    await disk.begun(1);
    file.note(head(2));
    let isSettled = false;
    const settled = file.settled().then(() => {
      isSettled = true;
    });
    disk.writes[0]?.finish();
    await disk.begun(2);
    expect(isSettled).toBe(false);
    disk.writes[1]?.finish();
    await settled;
  });

  it('never goes back: not in one process, not after a restart, not by one that was overtaken', async () => {
    await noted(5, 3, 9, 8);
    const second = open();
    expect(remembered()).toEqual(head(9));
    second.note(head(7));
    await second.settled();
    expect(remembered()).toEqual(head(9));
    const overtaken = open();
    overtaken.note(head(8));
    await overtaken.settled();
    expect(remembered()).toEqual(head(9));
    overtaken.note(head(10));
    await overtaken.settled();
    expect(remembered()).toEqual(head(10));
  });

  it('reports a failure once, goes on, and reports the next one after a success', async () => {
    const disk = new SlowDisk();
    const file = open({ replace: disk.replace });
    const outcomes = ['fail', 'fail', 'work', 'fail', 'fail'] as const;
    const reported: number[] = [];
    for (const [index, outcome] of outcomes.entries()) {
      file.note(head(index + 1));
      await disk.begun(index + 1);
      disk.writes[index]?.finish(outcome === 'fail' ? Object.assign(new Error('full'), { code: 'ENOSPC' }) : undefined);
      await file.settled();
      reported.push(errors.length);
    }
    expect(disk.revisions).toEqual([1, 2, 3, 4, 5]);
    expect(reported).toEqual([1, 1, 1, 2, 2]);
    expect(new Set(errors.map(({ code, retryable }) => `${code} ${retryable}`))).toEqual(
      new Set(['UNPERSISTED false']),
    );
  });

  it('tries the head that came while a write failed', async () => {
    const disk = new SlowDisk();
    const file = open({ replace: disk.replace });
    file.note(head(1));
    await disk.begun(1);
    file.note(head(2));
    disk.writes[0]?.finish(new Error('gone'));
    await disk.begun(2);
    disk.writes[1]?.finish();
    await file.settled();
    expect(disk.revisions).toEqual([1, 2]);
    expect(errors).toHaveLength(1);
  });

  it('reports a directory that cannot be made, leaves nothing, and writes once it can', async () => {
    writeFileSync(directory, 'in the way');
    const file = open();
    file.note(head(1));
    await file.settled();
    expect(errors.map(({ code }) => code)).toEqual(['UNPERSISTED']);
    expect(readdirSync(root)).toEqual(['made']);
    rmSync(directory);
    file.note(head(2));
    await file.settled();
    expect(remembered()).toEqual(head(2));
    expect(errors).toHaveLength(1);
  });

  it('leaves nothing beside a file that cannot be replaced', async () => {
    const path = await noted(1);
    rmSync(path);
    mkdirSync(join(path, 'in the way'), { recursive: true });
    const file = open();
    file.note(head(2));
    await file.settled();
    expect(errors).toHaveLength(1);
    expect(readdirSync(directory)).toHaveLength(1);
  });

  it('removes what has been left for more than a minute, and nothing newer', async () => {
    const path = await noted(1);
    for (const [name, ageS] of [
      ['young', 50],
      ['old', 70],
    ] as const) {
      writeFileSync(`${path}.${name}.next`, '');
      const modifiedS = Date.now() / 1_000 - ageS;
      utimesSync(`${path}.${name}.next`, modifiedS, modifiedS);
    }
    const file = open();
    file.note(head(2));
    await file.settled();
    expect(existsSync(`${path}.young.next`)).toBe(true);
    expect(existsSync(`${path}.old.next`)).toBe(false);
  });

  it('goes on when what is left cannot be removed', async () => {
    const path = await noted(1);
    mkdirSync(`${path}.old.next`);
    writeFileSync(join(`${path}.old.next`, 'kept'), '');
    utimesSync(`${path}.old.next`, 1, 1);
    symlinkSync(join(root, 'nowhere'), `${path}.gone.next`);
    const file = open();
    file.note(head(2));
    await file.settled();
    expect(errors).toEqual([]);
    expect(readFileSync(path, 'utf8')).toContain('"revision":2');
    expect(existsSync(join(`${path}.old.next`, 'kept'))).toBe(true);
  });

  it('removes what killed processes have left, and nothing that may be in use or is of others', async () => {
    const path = await noted(1);
    const others = join(directory, 'other.high-water.x.next');
    for (const leftOver of [`${path}.old.next`, `${path}.new.next`, others]) writeFileSync(leftOver, '');
    for (const old of [`${path}.old.next`, others]) utimesSync(old, 1, 1);
    const file = open();
    file.note(head(2));
    await file.settled();
    expect(existsSync(`${path}.old.next`)).toBe(false);
    expect(existsSync(`${path}.new.next`)).toBe(true);
    expect(existsSync(others)).toBe(true);
  });
});
