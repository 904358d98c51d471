import { statSync } from 'node:fs';
import { access, constants } from 'node:fs/promises';
import { dirname } from 'node:path';
import { pathToFileURL } from 'node:url';
import { AccountKeeperError } from '../../core/errors.js';
import { sqliteCode } from './errors.js';

/** The path of a database that lives in memory. */
export const IN_MEMORY = ':memory:';

/**
 * Identifies the file under a path, and the states of it that a reader must not mix up. Asks the operating system at
 * once: that takes microseconds, and the way through a thread many times as long.
 */
type Identify = () => string | undefined;

/** How to open a file, and how to find out later whether it is still the same. */
export interface SqliteFile {
  /** For {@link SqliteOpener}. */
  readonly name: string;
  readonly identify: Identify;
}

/** The clock that stamps files is no finer than this. */
const TICK_MS = 20;

/** Creates the file where there is none. @throws `UNAVAILABLE` */
export async function fileToWrite(path: string): Promise<SqliteFile> {
  if (path === IN_MEMORY) return { name: path, identify: () => path };
  const directory = dirname(path);
  if (kindOf(directory) !== 'directory') throw cannotOpen(path, `the directory ${directory} does not exist`);
  if (kindOf(path) === 'directory') throw cannotOpen(path, 'it is a directory');
  return named(path, 'mode=rwc');
}

/**
 * Where this process may write, SQLite keeps a `-wal` and a `-shm` file beside the open file, and removes them at its
 * end. Elsewhere it reads those of the writer. Where there are none, nobody writes, and the file is read without locks,
 * as long as it stays so: SQLite cannot read a file in WAL mode otherwise.
 *
 * @throws `CONFIG` when there is no such file, `UNAVAILABLE`
 */
export async function fileToRead(path: string): Promise<SqliteFile> {
  if (path === IN_MEMORY) return fileToWrite(path);
  const kind = kindOf(path);
  if (kind === 'nothing') {
    throw new AccountKeeperError('CONFIG', `path: expected a file to read, received ${path}, where there is none`);
  }
  if (kind === 'directory') throw cannotOpen(path, 'it is a directory');
  if (!(await may(path, constants.R_OK))) throw cannotOpen(path, 'this process may not read it');
  // Without locks only where no other connection of this process can be writing: closing a file drops its locks.
  if ((await may(path, constants.W_OK)) && (await may(dirname(path), constants.W_OK))) return named(path, 'mode=rw');
  if (isWritten(path)) return named(path, 'mode=ro');
  return { ...named(path, 'mode=ro&immutable=1'), identify: () => quietIdentity(path) };
}

/** @throws `UNAVAILABLE` */
function cannotOpen(path: string, why: string, cause?: unknown): AccountKeeperError {
  return new AccountKeeperError('UNAVAILABLE', `opening ${path}: ${why}`, { cause });
}

function named(path: string, parameters: string): SqliteFile {
  return { name: `${pathToFileURL(path).href}?${parameters}`, identify: () => fileIdentity(path) };
}

function fileIdentity(path: string): string | undefined {
  try {
    const { dev, ino } = statSync(path, { bigint: true });
    return `${dev}:${ino}`;
  } catch {
    return undefined;
  }
}

/** Differs when anything was written meanwhile; `undefined` while somebody writes, or may have within a tick. */
function quietIdentity(path: string): string | undefined {
  const identity = fileIdentity(path);
  if (identity === undefined || isWritten(path)) return undefined;
  const { size, mtimeNs } = statSync(path, { bigint: true });
  return Date.now() - Number(mtimeNs / 1_000_000n) < TICK_MS ? undefined : `${identity}:${size}:${mtimeNs}`;
}

function isWritten(path: string): boolean {
  return kindOf(`${path}-wal`) !== 'nothing' || kindOf(`${path}-journal`) !== 'nothing';
}

function kindOf(path: string): 'nothing' | 'directory' | 'file' {
  try {
    return statSync(path).isDirectory() ? 'directory' : 'file';
  } catch (error) {
    const code = sqliteCode(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return 'nothing';
    throw cannotOpen(path, code, error);
  }
}

async function may(path: string, mode: number): Promise<boolean> {
  return access(path, mode).then(
    () => true,
    () => false,
  );
}
