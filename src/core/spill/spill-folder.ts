import { readdirSync, readFileSync, renameSync, unlinkSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { AccountKeeperError } from '../errors.js';
import { accountFileName } from './account-file-name.js';
import { syncDirectory, UNFINISHED_SUFFIX, writeNewFile } from './durable-file.js';
import type { Spill } from './spill.js';
import { formatSpill, parseSpill } from './spill-file.js';

/** A spill, and the file that it was read from. */
export interface StoredSpill {
  readonly path: string;
  readonly spill: Spill;
}

/** A file that is no whole spill. It is kept. */
export interface DamagedSpill {
  readonly path: string;
  readonly reason: string;
}

const SUFFIX = '.spill';
const ASIDE_SUFFIX = '.refused';

/** A directory with spill files, each of one account. All methods are synchronous: the last moment of a process is. */
export class SpillFolder {
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = resolve(directory);
  }

  /**
   * Writes a new file, never over another one.
   *
   * @returns its path.
   * @throws `UNPERSISTED`
   */
  write(spill: Spill): string {
    const name = `${accountFileName(spill.accountId)}.${timeOf(spill)}.${safe(spill.id)}${SUFFIX}`;
    try {
      return writeNewFile(this.#directory, name, formatSpill(spill));
    } catch (cause) {
      const message = `the spill file ${name} could not be written (${codeOf(cause)})`;
      throw new AccountKeeperError('UNPERSISTED', message, { cause });
    }
  }

  /**
   * The spills of an account, and what looks like one and is damaged. Empty where there is no directory.
   *
   * @throws `UNAVAILABLE` when the directory cannot be read: that is not the same as an empty one.
   */
  read(accountId: string): { readonly spills: readonly StoredSpill[]; readonly damaged: readonly DamagedSpill[] } {
    const spills: StoredSpill[] = [];
    const damaged: DamagedSpill[] = [];
    for (const path of this.#filesOf(accountId)) {
      const bytes = contentOf(path);
      if (bytes === undefined) continue;
      try {
        if (path.endsWith(UNFINISHED_SUFFIX)) throw new Error('it was not finished');
        const spill = parseSpill(bytes);
        if (spill.accountId !== accountId) throw new Error('it belongs to another account than its name says');
        spills.push({ path, spill });
      } catch (error) {
        damaged.push({ path, reason: error instanceof Error ? error.message : String(error) });
      }
    }
    return { spills, damaged };
  }

  /** Removes a file durably, whose content is in the backend. One that is gone already is as good. */
  remove(path: string): void {
    try {
      unlinkSync(path);
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') throw error;
    }
    syncDirectory(dirname(path));
  }

  /** Keeps a file of which only what was refused is not in the backend, under a name that is not read any more. */
  setAside(path: string): void {
    renameSync(path, `${path}${ASIDE_SUFFIX}`);
    syncDirectory(dirname(path));
  }

  #filesOf(accountId: string): readonly string[] {
    const prefix = `${accountFileName(accountId)}.`;
    try {
      return readdirSync(this.#directory)
        .filter((name) => name.startsWith(prefix) && (name.endsWith(SUFFIX) || name.endsWith(UNFINISHED_SUFFIX)))
        .sort()
        .map((name) => join(this.#directory, name));
    } catch (cause) {
      if (codeOf(cause) === 'ENOENT') return [];
      const message = `the spill directory ${this.#directory} cannot be read (${codeOf(cause)})`;
      throw new AccountKeeperError('UNAVAILABLE', message, { cause });
    }
  }
}

/** `undefined` when the file has gone meanwhile. */
function contentOf(path: string): Buffer | undefined {
  try {
    return readFileSync(path);
  } catch (cause) {
    if (codeOf(cause) === 'ENOENT') return undefined;
    throw new AccountKeeperError('UNAVAILABLE', `the spill file ${path} cannot be read (${codeOf(cause)})`, { cause });
  }
}

/** Names sort by time, for people. */
function timeOf({ createdAtMs }: Spill): string {
  return String(Math.max(0, Math.trunc(createdAtMs))).padStart(15, '0');
}

function safe(id: string): string {
  return /^[A-Za-z0-9_-]{1,64}$/.test(id) ? id : accountFileName(id);
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
}
