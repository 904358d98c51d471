import { existsSync, readdirSync, readFileSync, readlinkSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import {
  fileErrorCode,
  filesIn,
  makeDirectory,
  removeFile,
  renameFile,
  syncDirectory,
  unavailable,
  writeNewFile,
} from '../../../src/core/local-files/durable-file.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

let root = '';

beforeEach(() => {
  root = temporaryFolder('files');
});

const hasProc = existsSync('/proc/self/fd');

/** The files and folders below the root that this process holds open. */
function heldOpen(): readonly string[] {
  return readdirSync('/proc/self/fd').flatMap((name) => {
    try {
      const path = readlinkSync(join('/proc/self/fd', name));
      return path.startsWith(root) ? [path] : [];
    } catch {
      // The handle with which the folder itself was read.
      return [];
    }
  });
}

function codeOf(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    return fileErrorCode(error);
  }
  return 'none';
}

describe('a new file', () => {
  it('has its content, and its name alone', () => {
    expect(writeNewFile(root, 'name', Buffer.from('content'))).toBe(join(root, 'name'));
    expect(readFileSync(join(root, 'name'), 'utf8')).toBe('content');
    expect(readdirSync(root)).toEqual(['name']);
  });

  it('takes no name that a file has, and leaves nothing beside it', () => {
    writeFileSync(join(root, 'name'), 'before');
    expect(codeOf(() => writeNewFile(root, 'name', Buffer.from('after')))).toBe('EEXIST');
    expect(readFileSync(join(root, 'name'), 'utf8')).toBe('before');
    expect(readdirSync(root)).toEqual(['name']);
  });

  it.runIf(hasProc)('is closed, also when it got no name', () => {
    writeNewFile(root, 'name', Buffer.from('content'));
    codeOf(() => writeNewFile(root, 'name', Buffer.from('content')));
    expect(heldOpen()).toEqual([]);
  });
});

describe('a file that is removed or renamed', () => {
  it('says whether it was there', () => {
    const [path, next] = [join(root, 'a'), join(root, 'b')];
    writeFileSync(path, 'content');
    expect(renameFile(path, next)).toBe(true);
    expect(renameFile(path, next)).toBe(false);
    expect(readFileSync(next, 'utf8')).toBe('content');
    expect(removeFile(next)).toBe(true);
    expect(removeFile(next)).toBe(false);
    expect(readdirSync(root)).toEqual([]);
  });

  it('is not taken for a missing one when something else goes wrong', () => {
    writeFileSync(join(root, 'file'), '');
    expect(codeOf(() => removeFile(join(root, 'file', 'below')))).toBe('ENOTDIR');
    expect(codeOf(() => renameFile(join(root, 'file'), root))).not.toBe('none');
  });
});

describe('a directory', () => {
  it('is made with those above it, once, and nobody else can look into them', () => {
    const directory = join(root, 'a', 'b');
    makeDirectory(directory);
    makeDirectory(directory);
    for (const path of [directory, join(root, 'a')]) expect(statSync(path).mode & 0o777).toBe(0o700);
  });

  it('cannot be synced where there is none', () => {
    expect(codeOf(() => syncDirectory(join(root, 'none')))).toBe('ENOENT');
  });

  it.runIf(hasProc)('is not held open after it was synced', () => {
    syncDirectory(root);
    expect(heldOpen()).toEqual([]);
  });

  // The kernel lets no directory of this file system be synced.
  it.runIf(hasProc)('need not be synced where the file system does not do it', () => {
    expect(codeOf(() => syncDirectory('/proc/self'))).toBe('none');
  });

  it('lists the files that are wanted, sorted, with all names at hand', () => {
    for (const name of ['b', 'c', 'a']) writeFileSync(join(root, name), '');
    const seen: (readonly string[])[] = [];
    const isWanted = (name: string, names: readonly string[]): boolean => {
      seen.push(names);
      return name !== 'b';
    };
    expect(filesIn(root, isWanted)).toEqual([join(root, 'a'), join(root, 'c')]);
    expect(seen).toEqual([1, 2, 3].map(() => ['a', 'b', 'c']));
  });

  it('holds no file where there is none, which is not the same as one that cannot be read', () => {
    expect(filesIn(join(root, 'none'), () => true)).toEqual([]);
    const file = join(root, 'file');
    writeFileSync(file, '');
    expect(() => filesIn(file, () => true)).toThrow(
      expect.objectContaining({
        code: 'UNAVAILABLE',
        message: expect.stringMatching(/file cannot be read \(ENOTDIR\)$/),
      }),
    );
  });
});

describe('an error of the file system', () => {
  it('is told by its code, where it has one', () => {
    expect(fileErrorCode(Object.assign(new Error('full'), { code: 'ENOSPC' }))).toBe('ENOSPC');
    for (const other of [new Error('full'), { code: 'ENOSPC' }, undefined]) {
      expect(fileErrorCode(other)).toBe('unknown error');
    }
    const cause = Object.assign(new Error('full'), { code: 'ENOSPC' });
    expect(unavailable('no file', cause)).toMatchObject({ code: 'UNAVAILABLE', message: 'no file (ENOSPC)', cause });
  });
});
