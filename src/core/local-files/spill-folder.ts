import { existsSync, readFileSync } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import { AccountKeeperError, isAccountKeeperError } from '../errors.js';
import { accountFileName, fileNamePart } from './account-file-name.js';
import {
  fileErrorCode,
  filesIn,
  removeFile,
  renameFile,
  syncDirectory,
  UNFINISHED_SUFFIX,
  unavailable,
  writeNewFile,
} from './durable-file.js';
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

/** Why a file is kept that is no spill to be replayed any more: the ending of its name. */
export type AsideReason = 'refused' | 'conflicting';

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
    const lineage = spill.lineage === undefined ? '' : `.${fileNamePart(spill.lineage)}`;
    const name = `${accountFileName(spill.accountId)}${lineage}.${timeOf(spill)}.${fileNamePart(spill.id)}${SUFFIX}`;
    try {
      return writeNewFile(this.#directory, name, formatSpill(spill));
    } catch (cause) {
      const message = `the spill file ${name} could not be written (${fileErrorCode(cause)})`;
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
    for (const path of this.#filesOf(accountId, [SUFFIX, UNFINISHED_SUFFIX])) {
      try {
        const bytes = contentOf(path);
        if (bytes === undefined) continue;
        if (path.endsWith(UNFINISHED_SUFFIX)) throw new Error('it was not finished');
        const spill = parseSpill(bytes);
        if (spill.accountId !== accountId) throw new Error('it belongs to another account than its name says');
        spills.push({ path, spill });
      } catch (error) {
        if (isAccountKeeperError(error)) throw error;
        damaged.push({ path, reason: error instanceof Error ? error.message : String(error) });
      }
    }
    return { spills: spills.sort(byTime), damaged };
  }

  /**
   * Removes a file durably, whose content is in the backend. One that is gone already is as good.
   *
   * @throws `UNAVAILABLE`
   */
  remove(path: string): void {
    change(path, 'removed', () => {
      // A second name of the same file, where the process ended before it could be taken away.
      removeFile(`${path}${UNFINISHED_SUFFIX}`);
      return removeFile(path);
    });
  }

  /**
   * Keeps a file under a name that is not read as a spill any more. One that is gone already is as good.
   *
   * @returns its new path.
   * @throws `UNAVAILABLE`
   */
  setAside(path: string, reason: AsideReason): string {
    const aside = `${path}.${reason}`;
    change(path, 'renamed', () => {
      removeFile(`${path}${UNFINISHED_SUFFIX}`);
      return renameFile(path, aside);
    });
    return aside;
  }

  /**
   * Keeps a copy under such a name, as long as the file is still to be replayed. One that is there already is as good.
   *
   * @throws `UNAVAILABLE`
   */
  copyAside(path: string, reason: AsideReason): void {
    const copy = `${path}.${reason}`;
    change(path, 'copied', () => {
      removeFile(`${copy}${UNFINISHED_SUFFIX}`);
      if (!existsSync(copy)) writeNewFile(dirname(copy), basename(copy), readFileSync(path));
      return true;
    });
  }

  /** The files of an account that were set aside for this reason. */
  aside(accountId: string, reason: AsideReason): readonly string[] {
    return this.#filesOf(accountId, [`${SUFFIX}.${reason}`]);
  }

  #filesOf(accountId: string, suffixes: readonly string[]): readonly string[] {
    const prefix = `${accountFileName(accountId)}.`;
    return filesIn(this.#directory, (name, names) => {
      return name.startsWith(prefix) && suffixes.some((each) => name.endsWith(each)) && !isSecondName(name, names);
    });
  }
}

/** A second name of a finished file, left when the process ended between linking it and removing the first name. */
function isSecondName(name: string, names: readonly string[]): boolean {
  return name.endsWith(UNFINISHED_SUFFIX) && names.includes(name.slice(0, -UNFINISHED_SUFFIX.length));
}

/** `undefined` when the file has gone meanwhile. */
function contentOf(path: string): Buffer | undefined {
  try {
    return readFileSync(path);
  } catch (cause) {
    const code = fileErrorCode(cause);
    if (code === 'ENOENT') return undefined;
    if (code === 'EISDIR') throw new Error('it is a directory');
    throw unavailable(`the spill file ${path} cannot be read`, cause);
  }
}

/** Does something to the name of a file, durably. `act` returns whether there was such a file. */
function change(path: string, done: string, act: () => boolean): void {
  try {
    if (act()) syncDirectory(dirname(path));
  } catch (cause) {
    throw unavailable(`the spill file ${path} could not be ${done}`, cause);
  }
}

function byTime({ spill: a }: StoredSpill, { spill: b }: StoredSpill): number {
  if (a.createdAtMs !== b.createdAtMs) return a.createdAtMs - b.createdAtMs;
  return a.id < b.id ? -1 : 1;
}

/** Names sort by time, for people. */
function timeOf({ createdAtMs }: Spill): string {
  return String(Math.max(0, Math.trunc(createdAtMs))).padStart(15, '0');
}
