import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { RestoredSpills } from '../../../src/core/local-files/local-file-options.js';
import { must } from '../violation.js';

/** Files that look like spills and are none: torn ones, and those of other programs. */
export class Litter {
  readonly #files = new Map<string, Buffer>();

  /** Puts a torn copy beside a spill. */
  drop(path: string, part: number): void {
    if (!existsSync(path)) return;
    const bytes = readFileSync(path);
    this.#write(path.replace(/\.spill$/, '.torn.spill'), bytes.subarray(0, Math.floor(bytes.length * part)));
  }

  /** Those in a directory. */
  in(directories: readonly string[]): readonly string[] {
    return [...this.#files.keys()].filter((path) => directories.includes(dirname(path)));
  }

  /** A restore names all that were there when it began, and nothing else. */
  check(before: readonly string[], { damaged }: RestoredSpills): void {
    const isRight = before.every((path) => damaged.includes(path)) && damaged.every((path) => this.#files.has(path));
    must(isRight, 'a damaged spill is reported', () => `${damaged.join(' ')} instead of ${before.join(' ')}`);
  }

  requireKept(): void {
    for (const [path, bytes] of this.#files) {
      const isKept = existsSync(path) && readFileSync(path).equals(bytes);
      must(isKept, 'a damaged spill is kept', () => path);
    }
  }

  #write(path: string, bytes: Buffer): void {
    if (this.#files.has(path)) return;
    this.#files.set(path, bytes);
    writeFileSync(path, bytes);
  }
}
