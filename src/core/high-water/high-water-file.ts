import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { AccountKeeperError } from '../errors.js';
import { accountFileName } from '../spill/account-file-name.js';
import { fileErrorCode } from '../spill/durable-file.js';
import { removeLeftOvers, replaceFile } from './replace-file.js';

/** The newest head that a backend has acknowledged, as a file remembers it. */
export interface HighWater {
  readonly revision: number;
  readonly writeId: string;
}

/** What the file of one account works with. */
export interface HighWaterFileOptions {
  readonly directory: string;
  readonly accountId: string;
  /** Called when a write fails; once, until one has succeeded again. */
  readonly onError: (error: AccountKeeperError) => void;
  /** Writes the file, atomically. Default: on the disk. */
  readonly replace?: (path: string, content: string) => Promise<void>;
}

const FORMAT = 'accountkeeper-high-water 1';

/**
 * Remembers locally the newest acknowledged head of an account. It follows behind: what was acknowledged in the last
 * moments before a crash may be missing, so it finds out a backend that lost more than that. What it remembers never
 * gets older: not by a late note, and, as far as their writes do not cross, not by another process either.
 */
export class HighWaterFile {
  readonly #options: HighWaterFileOptions;
  readonly #path: string;
  #newest: HighWater | undefined;
  #written: HighWater | undefined;
  #writing: Promise<void> | undefined;
  #hasFailed = false;
  #isTidy = false;

  constructor(options: HighWaterFileOptions) {
    this.#options = options;
    this.#path = join(resolve(options.directory), `${accountFileName(options.accountId)}.high-water`);
  }

  /**
   * What the file says; `undefined` when there is none.
   *
   * @throws `CORRUPT` when it is torn or not ours, `UNAVAILABLE` when it cannot be read.
   */
  read(): HighWater | undefined {
    let text: string;
    try {
      text = readFileSync(this.#path, 'utf8');
    } catch (cause) {
      const code = fileErrorCode(cause);
      if (code === 'ENOENT') return undefined;
      const message = `the high-water file ${this.#path} cannot be read (${code})`;
      throw new AccountKeeperError('UNAVAILABLE', message, { cause });
    }
    const high = parse(text, this.#options.accountId);
    if (high === undefined) {
      throw new AccountKeeperError('CORRUPT', `the high-water file ${this.#path} is torn, or of another program`);
    }
    if (this.#newest === undefined || this.#newest.revision < high.revision) {
      this.#newest = high;
      this.#written = high;
    }
    return high;
  }

  /** The backend has acknowledged this head. Written soon; one write at a time, and the newest head wins. */
  note({ revision, writeId }: HighWater): void {
    if (this.#newest !== undefined && this.#newest.revision >= revision) return;
    this.#newest = { revision, writeId };
    this.#writing ??= this.#writeNewest();
  }

  /** Resolves when what was noted is written, or that has failed. */
  async settled(): Promise<void> {
    while (this.#writing !== undefined) await this.#writing;
  }

  async #writeNewest(): Promise<void> {
    while (this.#newest !== undefined && this.#newest !== this.#written) {
      const next = this.#newest;
      try {
        await this.#write(next);
        this.#written = next;
        this.#hasFailed = false;
      } catch (cause) {
        this.#reportOnce(cause);
        // The next head is another try.
        if (this.#newest === next) break;
      }
    }
    this.#writing = undefined;
  }

  #reportOnce(cause: unknown): void {
    if (this.#hasFailed) return;
    this.#hasFailed = true;
    const message = `the high-water file ${this.#path} could not be written (${fileErrorCode(cause)})`;
    this.#options.onError(new AccountKeeperError('UNPERSISTED', message, { cause }));
  }

  async #write(head: HighWater): Promise<void> {
    const { accountId, replace = replaceFile } = this.#options;
    if (!this.#isTidy) await removeLeftOvers(this.#path);
    this.#isTidy = true;
    if (await this.#isOutdone(head)) return;
    await replace(this.#path, format(head, accountId));
  }

  /** Whether the next owner, in another process, has noted more. */
  async #isOutdone({ revision }: HighWater): Promise<boolean> {
    const text = await readFile(this.#path, 'utf8').catch(() => '');
    const stored = parse(text, this.#options.accountId);
    return stored !== undefined && stored.revision > revision;
  }
}

function format({ revision, writeId }: HighWater, accountId: string): string {
  const body = JSON.stringify({ accountId, revision, writeId });
  return `${FORMAT} ${digestOf(body)}\n${body}\n`;
}

/** `undefined` when it is not the whole text that was written for this account. */
function parse(text: string, expectedId: string): HighWater | undefined {
  const [first, body = '', ...rest] = text.split('\n');
  if (first !== `${FORMAT} ${digestOf(body)}` || rest.length !== 1 || rest[0] !== '') return undefined;
  try {
    const { accountId, revision, writeId } = JSON.parse(body) as Partial<HighWater & { accountId: string }>;
    const isWhole = Number.isSafeInteger(revision) && typeof writeId === 'string' && accountId === expectedId;
    return isWhole ? { revision: Number(revision), writeId } : undefined;
  } catch {
    // Of another program.
    return undefined;
  }
}

function digestOf(body: string): string {
  return `sha256:${createHash('sha256').update(body).digest('hex')}`;
}
