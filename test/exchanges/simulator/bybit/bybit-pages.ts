import type { Params } from './bybit-orders.js';
import { BybitRefusal } from './bybit-refusal.js';

export interface Page<T> {
  readonly list: readonly T[];
  readonly nextPageCursor: string;
}

/** Which of two entries of one time comes first. */
type Ties = 'FIRST_NAME' | 'LAST_NAME';

/** The place of an entry in a list. */
export interface Place {
  readonly timeMs: number;
  readonly name: string;
}

/**
 * Cuts a page out of a list that is ordered from the newest entry to the oldest. The cursor names the last entry of a
 * page, so an entry whose time changes between two pages moves: it is listed twice, or not at all.
 */
export function pageOf<T>(
  entries: readonly T[],
  params: Params,
  options: { readonly place: (entry: T) => Place; readonly limit: number; readonly most: number; readonly ties: Ties },
): Page<T> {
  const limit = Number(params['limit'] ?? options.limit);
  if (!Number.isInteger(limit) || limit < 1 || limit > options.most)
    throw new BybitRefusal(10001, 'params error: limit');
  const sorted = [...entries].sort((one, other) => compare(options.place(one), options.place(other), options.ties));
  const after = readCursor(params['cursor']);
  const rest =
    after === undefined ? sorted : sorted.filter((entry) => compare(options.place(entry), after, options.ties) > 0);
  const list = rest.slice(0, limit);
  const last = list.at(-1);
  return { list, nextPageCursor: last === undefined || rest.length <= limit ? '' : writeCursor(options.place(last)) };
}

function compare(one: Place, other: Place, ties: Ties): number {
  if (one.timeMs !== other.timeMs) return other.timeMs - one.timeMs;
  const names = one.name < other.name ? -1 : one.name > other.name ? 1 : 0;
  return ties === 'FIRST_NAME' ? names : -names;
}

function writeCursor(place: Place): string {
  return encodeURIComponent(`${place.name}:${place.timeMs}`);
}

function readCursor(cursor: string | undefined): Place | undefined {
  if (cursor === undefined || cursor === '') return undefined;
  const text = decodeURIComponent(cursor);
  const at = text.lastIndexOf(':');
  const timeMs = Number(text.slice(at + 1));
  if (at < 0 || !Number.isSafeInteger(timeMs)) throw new BybitRefusal(10001, 'params error: cursor invalid');
  return { name: text.slice(0, at), timeMs };
}
