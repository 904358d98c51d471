import { Slice, type Steps } from '../../core/shared/slices.js';
import type { AccountSwap } from '../base/group-commit.js';
import { LENGTH_DIGITS } from './statements.js';

/** The most bytes of UTF-8 that a UTF-16 unit takes. */
const BYTES_PER_UNIT = 3;

/** For the statement `swap`. */
export type SwapParameters = readonly [expected: string, deletes: string, upserts: string, texts: Buffer];

/**
 * The parameters that change these accounts, none of which is named twice:
 *
 * - `expected`: from the key of each head to the place of its expected text, `null` where no head is expected;
 * - `deletes`: from the beginning of the keys of an account to the ends of those to delete;
 * - `upserts`: from that beginning to the ends of the keys to store, and from those to the places of their texts. The
 *   head comes behind its records;
 * - `texts`: all texts in UTF-8. A place is a number: the position, from 1, then {@link LENGTH_DIGITS} digits of the
 *   length.
 *
 * A head that is written onto itself is deleted first: SQLite skips a write that changes nothing, and would not sync
 * then.
 */
export function* swapParameters(swaps: readonly AccountSwap[]): Steps<SwapParameters> {
  const expected: string[] = [];
  const deletes: string[] = [];
  const upserts: string[] = [];
  const texts = new Texts(swaps);
  const slice = new Slice();
  // Keys are ASCII, and nothing in them needs an escape in JSON.
  for (const { account, change } of swaps) {
    const { from } = account.range;
    const head = account.head.slice(from.length);
    const record = account.recordPrefix.slice(from.length);
    expected.push(`"${account.head}":${change.expected === undefined ? null : texts.add(change.expected)}`);
    const gone = change.deletes.map((key) => `"${record}${key}"`);
    if (change.next === change.expected) gone.push(`"${head}"`);
    if (gone.length > 0) deletes.push(`"${from}":[${gone.join()}]`);
    let stored = '';
    for (const [key, text] of change.upserts) {
      stored += `"${record}${key}":${texts.add(text)},`;
      if (slice.isOver(text.length)) yield;
    }
    upserts.push(`"${from}":{${stored}"${head}":${texts.add(change.next)}}`);
  }
  return [`{${expected.join()}}`, `{${deletes.join()}}`, `{${upserts.join()}}`, texts.bytes()];
}

/** The texts of changes, one behind the other. */
class Texts {
  readonly #buffer: Buffer;
  #end = 0;

  constructor(swaps: readonly AccountSwap[]) {
    let units = 0;
    for (const { change } of swaps) {
      units += change.next.length + (change.expected?.length ?? 0);
      for (const text of change.upserts.values()) units += text.length;
    }
    this.#buffer = Buffer.allocUnsafe(units * BYTES_PER_UNIT);
  }

  /** Returns the place. */
  add(text: string): string {
    const position = this.#end + 1;
    const length = this.#buffer.write(text, this.#end);
    this.#end += length;
    return `${position}${String(length).padStart(LENGTH_DIGITS, '0')}`;
  }

  bytes(): Buffer {
    return this.#buffer.subarray(0, this.#end);
  }
}
