import { unlessUnreadable } from './entries.js';
import { ExchangeMessageError, Fields } from './fields.js';

/**
 * Sends a GET request with the caller's credentials and resolves to the parsed response, as a client of the exchange's
 * SDK does: `(path, parameters) => client.getPrivate(path, parameters)`.
 */
export type ExchangeRequest = (path: string, parameters: Readonly<Record<string, string | number>>) => Promise<unknown>;

/** More pages than any account has: an exchange whose cursors do not end must not keep us for ever. */
const MAX_PAGES = 1000;

/**
 * Reads a listing to its end.
 *
 * @param readPage reads the page behind a cursor, `undefined` for the first one; resolves to its entries and the cursor
 * of the next page, `undefined` when there is none.
 * @throws ExchangeMessageError when the pages do not end
 */
export async function readPages(
  name: string,
  readPage: (cursor: string | undefined) => Promise<{ entries: readonly unknown[]; next: string | undefined }>,
): Promise<unknown[]> {
  const all: unknown[] = [];
  const asked = new Set<string>();
  let cursor: string | undefined;
  for (let page = 0; page < MAX_PAGES; page += 1) {
    const { entries, next } = await readPage(cursor);
    all.push(...entries);
    if (next === undefined || next === '') return all;
    if (asked.has(next)) {
      // Behind the last page, some exchanges repeat the cursor that was asked for.
      if (entries.length === 0) return all;
      throw new ExchangeMessageError(name, `expected another page, received the cursor ${next} again`);
    }
    asked.add(next);
    cursor = next;
  }
  throw new ExchangeMessageError(name, `expected at most ${MAX_PAGES} pages`);
}

const byNumber = new Intl.Collator('en', { numeric: true });

/**
 * Reads a listing of entries with an `id`, whose next page begins behind the oldest id of a page that is full.
 *
 * @param pageSize how many a full page has; `undefined`: all entries are on one page.
 * @param readPage reads the page behind an id, `undefined` for the first one.
 */
export function readPagesById(
  name: string,
  pageSize: number | undefined,
  readPage: (oldestId: string | undefined) => Promise<unknown>,
): Promise<unknown[]> {
  return readPages(name, async (cursor) => {
    const entries = [await readPage(cursor)].flat();
    const isLast = pageSize === undefined || entries.length < pageSize;
    return { entries, next: isLast ? undefined : readableIds(entries, name, 'id').sort(byNumber.compare)[0] };
  });
}

/** The ids of the entries of a page; an entry whose id cannot be read is left out. */
export function readableIds(entries: readonly unknown[], path: string, field: string): string[] {
  return entries.flatMap((entry) => unlessUnreadable(() => new Fields(entry, path).id(field)) ?? []);
}
