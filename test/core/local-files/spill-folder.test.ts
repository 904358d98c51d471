import {
  chmodSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { isAccountKeeperError } from '../../../src/core/errors.js';
import type { Spill } from '../../../src/core/local-files/spill.js';
import { formatSpill } from '../../../src/core/local-files/spill-file.js';
import { SpillFolder } from '../../../src/core/local-files/spill-folder.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { anySpill, anyText, sampleSpill } from './sample-spill.js';

let root = '';
let directory = '';

beforeEach(() => {
  root = temporaryFolder('spill');
  directory = join(root, 'made', 'when needed');
});

function thrownBy(act: () => unknown): { code: string; retryable: boolean; causeCode: unknown } {
  try {
    act();
  } catch (error) {
    if (!isAccountKeeperError(error)) throw error;
    const { cause } = error;
    const causeCode = cause instanceof Error && 'code' in cause ? cause.code : undefined;
    return { code: error.code, retryable: error.retryable, causeCode };
  }
  throw new Error('nothing was thrown');
}

describe('writing a spill', () => {
  it('keeps any spill of any account, exactly', () => {
    const folder = new SpillFolder(directory);
    fc.assert(
      fc.property(anySpill, (spill) => {
        const path = folder.write(spill);
        expect(folder.read(spill.accountId)).toStrictEqual({ spills: [{ path, spill }], damaged: [] });
        folder.remove(path);
        expect(readdirSync(directory)).toEqual([]);
      }),
      { numRuns: 200 },
    );
  });

  it('gives it a name that every file system takes, and that sorts by time', () => {
    const folder = new SpillFolder(directory);
    fc.assert(
      fc.property(anyText, anyText, anyText, (id, accountId, lineage) => {
        const name = basename(folder.write(sampleSpill({ id: `${id}!`, accountId: `${accountId}.`, lineage })));
        expect(name).toMatch(/^[A-Za-z0-9_-]*~[0-9a-f]+\.[A-Za-z0-9_~-]+\.\d+\.[A-Za-z0-9_~-]+\.spill$/);
        expect(name.length).toBeLessThanOrEqual(215);
        rmSync(directory, { recursive: true });
      }),
      { numRuns: 100 },
    );
    const times = [5, 1_000, 999_999_999_999, 1_700_000_000_000, 40_000_000_000_000];
    const names = times.map((createdAtMs) => basename(folder.write(sampleSpill({ createdAtMs }))));
    expect([...names].sort()).toEqual(names);
  });

  it('gives it the name that earlier and later versions look for', () => {
    const folder = new SpillFolder(directory);
    const nameOf = (changes: Partial<Spill>): string => basename(folder.write(sampleSpill(changes)));
    const account = 'account~ff0b6c294d8bcd151abb';
    expect(nameOf({ createdAtMs: 5.9 })).toBe(`${account}.lineage.000000000000005.spill-1.spill`);
    expect(nameOf({ createdAtMs: -1, lineage: undefined })).toBe(`${account}.000000000000000.spill-1.spill`);
    const [longest, longer] = ['i'.repeat(64), 'i'.repeat(65)];
    expect(nameOf({ id: longest })).toContain(`.${longest}.spill`);
    expect(nameOf({ id: longer })).toContain(`.${'i'.repeat(40)}~`);
    expect(nameOf({ accountId: 'a/b'.repeat(20) })).toMatch(/^(a_b){13}a~[0-9a-f]{20}\./);
  });

  it('takes names apart that differ only in what a file name cannot show', () => {
    const folder = new SpillFolder(directory);
    const ids = [
      'a/b',
      'a_b',
      'a:b',
      'A_b',
      'a\\b',
      'a\0b',
      'a\ud800b',
      'a\ufffdb',
      '../a_b',
      'x'.repeat(41),
      'x'.repeat(42),
    ];
    for (const accountId of ids) folder.write(sampleSpill({ accountId }));
    expect(new Set(readdirSync(directory).map((name) => name.toLowerCase())).size).toBe(ids.length);
    for (const accountId of ids) {
      expect(folder.read(accountId).spills.map(({ spill }) => spill.accountId)).toEqual([accountId]);
    }
  });

  it('lets nobody else read it', () => {
    const path = new SpillFolder(directory).write(sampleSpill());
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(statSync(directory).mode & 0o777).toBe(0o700);
    expect(statSync(join(root, 'made')).mode & 0o777).toBe(0o700);
  });

  it('never takes the place of a file, whatever is there', () => {
    const folder = new SpillFolder(directory);
    const path = folder.write(sampleSpill());
    const before = readFileSync(path);
    const again = (): unknown => folder.write(sampleSpill({ records: new Map([['other', '1']]) }));
    expect(thrownBy(again)).toEqual({ code: 'UNPERSISTED', retryable: false, causeCode: 'EEXIST' });
    expect(readFileSync(path)).toEqual(before);
    rmSync(path);
    symlinkSync(join(root, 'nowhere'), path);
    expect(thrownBy(again).causeCode).toBe('EEXIST');
    expect(existsSync(join(root, 'nowhere'))).toBe(false);
    expect(readdirSync(directory)).toEqual([basename(path)]);
  });

  it('keeps out of the way of a process that is writing under the same name', () => {
    const folder = new SpillFolder(directory);
    const path = folder.write(sampleSpill());
    renameSync(path, `${path}.unfinished`);
    expect(thrownBy(() => folder.write(sampleSpill())).causeCode).toBe('EEXIST');
    expect(readFileSync(`${path}.unfinished`)).toEqual(formatSpill(sampleSpill()));
  });

  it('says why it could not, and leaves nothing', () => {
    writeFileSync(join(root, 'file'), 'kept');
    for (const place of [join(root, 'file'), join(root, 'file', 'below')]) {
      const { code, retryable, causeCode } = thrownBy(() => new SpillFolder(place).write(sampleSpill()));
      expect({ code, retryable }).toEqual({ code: 'UNPERSISTED', retryable: false });
      expect(['EEXIST', 'ENOTDIR']).toContain(causeCode);
    }
    expect(readdirSync(root)).toEqual(['file']);
    expect(readFileSync(join(root, 'file'), 'utf8')).toBe('kept');
  });

  it('needs no look at the folders above', () => {
    mkdirSync(join(root, 'made'), { mode: 0o300 });
    const folder = new SpillFolder(directory);
    const path = folder.write(sampleSpill());
    chmodSync(join(root, 'made'), 0o700);
    expect(folder.read('account').spills).toEqual([{ path, spill: sampleSpill() }]);
  });
});

describe('reading the spills of an account', () => {
  it('finds none where there is no directory', () => {
    expect(new SpillFolder(directory).read('account')).toEqual({ spills: [], damaged: [] });
    expect(readdirSync(root)).toEqual([]);
  });

  it('refuses to take a directory that cannot be read for an empty one', () => {
    writeFileSync(join(root, 'file'), '');
    expect(thrownBy(() => new SpillFolder(join(root, 'file')).read('account')).code).toBe('UNAVAILABLE');
  });

  it('orders them by time, then id, and leaves out those of others', () => {
    const folder = new SpillFolder(directory);
    const ids = ['b', 'a', '~', '/', 'B', 'ä', 'c'.repeat(80)];
    for (const id of ids) folder.write(sampleSpill({ id, createdAtMs: 2 }));
    folder.write(sampleSpill({ id: 'z', createdAtMs: 1 }));
    folder.write(sampleSpill({ id: 'first', createdAtMs: 1.5 }));
    folder.write(sampleSpill({ accountId: 'accoun' }));
    folder.write(sampleSpill({ accountId: 'account.' }));
    const { spills, damaged } = folder.read('account');
    expect(spills.map(({ spill }) => spill.id)).toEqual(['z', 'first', ...[...ids].sort()]);
    expect(damaged).toEqual([]);
  });

  it.each([
    ['torn', (bytes: Buffer) => bytes.subarray(0, -1)],
    ['empty', () => Buffer.alloc(0)],
    ['of another program', () => Buffer.from('{}')],
    ['of a newer version', (bytes: Buffer) => Buffer.from(bytes.toString().replace('spill 2 ', 'spill 3 '))],
    ['of another account', () => formatSpill(sampleSpill({ accountId: 'somebody else' }))],
  ])('reports a file that is %s, and keeps it', (_, change) => {
    const folder = new SpillFolder(directory);
    const path = folder.write(sampleSpill());
    const whole = folder.write(sampleSpill({ id: 'whole' }));
    const content = change(readFileSync(path));
    writeFileSync(path, content);
    const { spills, damaged } = folder.read('account');
    expect(spills.map((each) => each.path)).toEqual([whole]);
    expect(damaged).toEqual([{ path, reason: expect.stringMatching(/./) }]);
    expect(readFileSync(path)).toEqual(content);
  });

  it('reports what has the name of a spill and is none', () => {
    const folder = new SpillFolder(directory);
    const path = folder.write(sampleSpill());
    rmSync(path);
    mkdirSync(path);
    expect(folder.read('account').damaged.map((each) => each.path)).toEqual([path]);
  });

  it('says what is wrong with a damaged file', () => {
    const folder = new SpillFolder(directory);
    const reasonOf = (act: (path: string) => void): string => {
      const path = folder.write(sampleSpill());
      act(path);
      const [{ reason } = { reason: '' }] = folder.read('account').damaged;
      rmSync(directory, { recursive: true });
      return reason;
    };
    expect(reasonOf((path) => writeFileSync(path, formatSpill(sampleSpill({ accountId: 'b' }))))).toMatch(/account/);
    expect(reasonOf((path) => renameSync(path, `${path}.unfinished`))).toMatch(/not finished/);
    const directoryInstead = (path: string): void => {
      rmSync(path);
      mkdirSync(path);
    };
    expect(reasonOf(directoryInstead)).toMatch(/directory/);
  });

  it('does not mind a file that has gone since its folder was listed', () => {
    const folder = new SpillFolder(directory);
    const path = folder.write(sampleSpill());
    rmSync(path);
    symlinkSync(join(root, 'nowhere'), path);
    expect(folder.read('account')).toEqual({ spills: [], damaged: [] });
  });

  it('refuses to pass over a file that cannot be read', () => {
    const folder = new SpillFolder(directory);
    const path = folder.write(sampleSpill());
    rmSync(path);
    symlinkSync(path, path);
    expect(thrownBy(() => folder.read('account'))).toMatchObject({ code: 'UNAVAILABLE', causeCode: 'ELOOP' });
  });

  it('reports an unfinished file of the account, and keeps it', () => {
    const folder = new SpillFolder(directory);
    const path = `${folder.write(sampleSpill())}.unfinished`;
    renameSync(path.replace('.unfinished', ''), path);
    folder.write(sampleSpill({ accountId: 'other' }));
    expect(folder.read('account')).toEqual({ spills: [], damaged: [{ path, reason: expect.any(String) }] });
    expect(folder.read('other').damaged).toEqual([]);
    expect(existsSync(path)).toBe(true);
  });

  it('does not mind the first name of a file, left by a crash right after it got its second one', () => {
    const folder = new SpillFolder(directory);
    const path = folder.write(sampleSpill());
    linkSync(path, `${path}.unfinished`);
    expect(folder.read('account')).toEqual({ spills: [{ path, spill: sampleSpill() }], damaged: [] });
    folder.remove(path);
    expect(readdirSync(directory)).toEqual([]);
  });
});

describe('what becomes of a spill', () => {
  it('is removed, once or twice, with or without its directory', () => {
    const folder = new SpillFolder(directory);
    const path = folder.write(sampleSpill());
    const other = folder.write(sampleSpill({ id: 'other' }));
    folder.remove(path);
    folder.remove(path);
    expect(readdirSync(directory)).toEqual([basename(other)]);
    rmSync(directory, { recursive: true });
    folder.remove(other);
    expect(existsSync(directory)).toBe(false);
  });

  it('is set aside, once or twice, where it is not read any more', () => {
    const folder = new SpillFolder(directory);
    const path = folder.write(sampleSpill());
    const content = readFileSync(path);
    const aside = folder.setAside(path, 'conflicting');
    expect(folder.setAside(path, 'conflicting')).toBe(aside);
    expect(folder.read('account')).toEqual({ spills: [], damaged: [] });
    expect(folder.aside('account', 'conflicting')).toEqual([aside]);
    expect(folder.aside('account', 'refused')).toEqual([]);
    expect(readFileSync(aside)).toEqual(content);
  });

  it('is set aside with the first name that a crash had left', () => {
    const folder = new SpillFolder(directory);
    const path = folder.write(sampleSpill());
    linkSync(path, `${path}.unfinished`);
    folder.setAside(path, 'refused');
    expect(readdirSync(directory)).toEqual([`${basename(path)}.refused`]);
  });

  it('is copied aside once, and stays where it is', () => {
    const folder = new SpillFolder(directory);
    const path = folder.write(sampleSpill());
    writeFileSync(`${path}.refused.unfinished`, 'left by a crash');
    folder.copyAside(path, 'refused');
    const [copy = ''] = folder.aside('account', 'refused');
    expect(readFileSync(copy)).toEqual(readFileSync(path));
    writeFileSync(copy, 'the first copy');
    folder.copyAside(path, 'refused');
    expect(readFileSync(copy, 'utf8')).toBe('the first copy');
    expect(readdirSync(directory).sort()).toEqual([basename(path), basename(copy)].sort());
    expect(folder.read('account').spills.map((each) => each.path)).toEqual([path]);
  });

  it('is not copied when it is gone', () => {
    const folder = new SpillFolder(directory);
    const path = folder.write(sampleSpill());
    rmSync(path);
    expect(thrownBy(() => folder.copyAside(path, 'refused'))).toMatchObject({
      code: 'UNAVAILABLE',
      causeCode: 'ENOENT',
    });
  });

  it('is found aside by its account and its reason', () => {
    const folder = new SpillFolder(directory);
    const [mine, other] = ['account', 'other'].map((accountId) => folder.write(sampleSpill({ accountId })));
    const aside = [folder.setAside(mine ?? '', 'refused'), folder.setAside(other ?? '', 'conflicting')];
    expect(folder.aside('account', 'refused')).toEqual(aside.slice(0, 1));
    expect(folder.aside('account', 'conflicting')).toEqual([]);
    expect(folder.aside('other', 'conflicting')).toEqual(aside.slice(1));
  });

  it('says when it cannot be changed', () => {
    mkdirSync(directory, { recursive: true });
    expect(thrownBy(() => new SpillFolder(directory).remove(directory)).code).toBe('UNAVAILABLE');
    expect(existsSync(directory)).toBe(true);
  });
});
