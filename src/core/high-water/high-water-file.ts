import { readFileSync } from 'node:fs';
import { mkdir, open, rename } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { AccountKeeperError } from '../errors.js';
import { accountFileName } from '../spill/account-file-name.js';

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
}

const FORMAT = 'accountkeeper-high-water 1';

/**
 * Remembers locally the newest acknowledged head of an account. It follows behind: what was acknowledged in the last
 * moments before a crash may be missing, so it finds out a backend that lost more than that.
 */
export class HighWaterFile {
  readonly #options: HighWaterFileOptions;
  readonly #path: string;
  #newest: HighWater | undefined;
  #written: HighWater | undefined;
  #writing: Promise<void> | undefined;
  #hasFailed = false;

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
      const code = cause instanceof Error && 'code' in cause ? cause.code : 'unknown error';
      if (code === 'ENOENT') return undefined;
      throw new AccountKeeperError('UNAVAILABLE', `the high-water file ${this.#path} cannot be read (${code})`, {
        cause,
      });
    }
    const [format, body = '', end] = text.split('\n');
    const high = format === FORMAT && end === '' ? parse(body, this.#options.accountId) : undefined;
    if (high !== undefined) return high;
    throw new AccountKeeperError('CORRUPT', `the high-water file ${this.#path} is torn, or of another program`);
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
    try {
      while (this.#newest !== undefined && this.#newest !== this.#written) {
        const next = this.#newest;
        await this.#write(next);
        this.#written = next;
        this.#hasFailed = false;
      }
    } catch (cause) {
      // The next head is another try.
      if (!this.#hasFailed) {
        const message = `the high-water file ${this.#path} could not be written`;
        this.#options.onError(new AccountKeeperError('UNPERSISTED', message, { cause }));
      }
      this.#hasFailed = true;
    } finally {
      this.#writing = undefined;
    }
  }

  async #write({ revision, writeId }: HighWater): Promise<void> {
    const { accountId, directory } = this.#options;
    await mkdir(directory, { recursive: true, mode: 0o700 });
    const next = `${this.#path}.next`;
    const file = await open(next, 'w', 0o600);
    try {
      await file.writeFile(`${FORMAT}\n${JSON.stringify({ accountId, revision, writeId })}\n`);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(next, this.#path);
  }
}

function parse(body: string, expectedId: string): HighWater | undefined {
  try {
    const { accountId, revision, writeId } = JSON.parse(body) as Partial<HighWater & { accountId: string }>;
    const isWhole = Number.isSafeInteger(revision) && typeof writeId === 'string' && accountId === expectedId;
    return isWhole ? { revision: Number(revision), writeId } : undefined;
  } catch {
    // Torn.
    return undefined;
  }
}
