import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { AccountKeeperError } from '../errors.js';
import { accountFileName, fileNamePart } from './account-file-name.js';
import { fileErrorCode, filesIn, unavailable } from './durable-file.js';
import { removeLeftOvers, replaceFile } from './replace-file.js';

/** The newest head that a backend has acknowledged, as a file remembers it. */
export interface HighWater {
  readonly revision: number;
  readonly writeId: string;
  /** Files of earlier versions say neither writer nor lineage. */
  readonly writerId?: string | undefined;
  readonly lineage?: string | undefined;
}

/** The parameters of the file of one account and lineage. */
export interface HighWaterFileOptions {
  readonly directory: string;
  readonly accountId: string;
  readonly lineage: string;
  /** Called when a write fails; once, until one has succeeded again. */
  readonly onError: (error: AccountKeeperError) => void;
  /** Writes the file, atomically. Default: on the disk. */
  readonly replace?: (path: string, content: string) => Promise<void>;
}

const FORMAT = 'accountkeeper-high-water 1';
const SUFFIX = '.high-water';

/**
 * Reads the files of an account, one for each lineage. Empty where there is no directory.
 *
 * @throws `CORRUPT` when one is torn or not ours, `UNAVAILABLE` when one cannot be read.
 */
export function readHighWaters(
  directory: string,
  accountId: string,
): readonly (HighWater & { readonly path: string })[] {
  const prefix = `${accountFileName(accountId)}.`;
  const paths = filesIn(resolve(directory), (name) => name.startsWith(prefix) && name.endsWith(SUFFIX));
  return paths.map((path) => {
    const high = parse(textOf(path), accountId);
    if (high !== undefined) return { ...high, path };
    const message = `the high-water file ${path} is torn, or of another program; remove it to restore without it`;
    throw new AccountKeeperError('CORRUPT', message);
  });
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw unavailable(`the high-water file ${path} cannot be read`, cause);
  }
}

/**
 * Remembers locally the newest acknowledged head of an account. It follows behind: what was acknowledged in the last
 * moments before a crash may be missing, so it finds out a backend that lost more than that. What it remembers never
 * gets older: not by a late note, and, as far as their writes do not cross, not by another process either.
 */
export class HighWaterFile {
  readonly #options: HighWaterFileOptions;
  readonly #path: string;
  readonly #unlabelledPath: string;
  #newest: HighWater | undefined;
  #written: HighWater | undefined;
  #writing: Promise<void> | undefined;
  #hasFailed = false;
  #isTidy = false;

  constructor(options: HighWaterFileOptions) {
    const stem = join(resolve(options.directory), accountFileName(options.accountId));
    this.#options = options;
    this.#path = `${stem}.${fileNamePart(options.lineage)}${SUFFIX}`;
    this.#unlabelledPath = `${stem}${SUFFIX}`;
  }

  /** The backend has acknowledged this head. Written soon; one write at a time, and the newest head wins. */
  note({ revision, writeId, writerId }: HighWater): void {
    if (this.#newest !== undefined && this.#newest.revision >= revision) return;
    this.#newest = { revision, writeId, writerId };
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
    const { accountId, lineage, replace = replaceFile } = this.#options;
    if (!this.#isTidy) await removeLeftOvers(this.#path);
    if (!(await this.#isOutdone(head))) await replace(this.#path, format({ ...head, lineage }, accountId));
    // Of an earlier version: what it says counts for this lineage, and is less than what was just written.
    if (!this.#isTidy) await rm(this.#unlabelledPath, { force: true });
    this.#isTidy = true;
  }

  /** Whether the next owner, in another process, has noted more. */
  async #isOutdone({ revision }: HighWater): Promise<boolean> {
    const text = await readFile(this.#path, 'utf8').catch(() => '');
    const stored = parse(text, this.#options.accountId);
    return stored !== undefined && stored.revision > revision;
  }
}

function format(high: HighWater, accountId: string): string {
  const { revision, writeId, writerId, lineage } = high;
  const body = JSON.stringify({ accountId, revision, writeId, writerId, lineage });
  return `${FORMAT} ${digestOf(body)}\n${body}\n`;
}

/** `undefined` when it is not the whole text that was written for this account. */
function parse(text: string, expectedId: string): HighWater | undefined {
  const [first, body = '', ...rest] = text.split('\n');
  if (first !== `${FORMAT} ${digestOf(body)}` || rest.length !== 1 || rest[0] !== '') return undefined;
  try {
    const { accountId, ...high } = JSON.parse(body) as HighWater & { readonly accountId: string };
    const isWhole = Number.isSafeInteger(high.revision) && typeof high.writeId === 'string' && accountId === expectedId;
    return isWhole ? high : undefined;
  } catch {
    // Of another program.
    return undefined;
  }
}

function digestOf(body: string): string {
  return `sha256:${createHash('sha256').update(body).digest('hex')}`;
}
