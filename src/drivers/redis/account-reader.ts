import type { StoredEntry } from '../base/backend-connection.js';
import type { AccountKeys } from '../base/key-layout.js';
import { callScript, exactTexts, getTexts, type RedisSending } from './call.js';
import type { RedisLink } from './link.js';
import { INDEX_MEMBER, type RedisScript } from './scripts.js';

/** What is stored of an account. */
export type RedisEntries =
  | { readonly kind: 'none' }
  | { readonly kind: 'entries'; readonly entries: readonly StoredEntry[] }
  | { readonly kind: 'damaged'; readonly key: string | undefined; readonly found: string | undefined };

/** An account that is to be read, with the keys and the script for it. */
export interface AccountReading extends RedisSending {
  readonly account: AccountKeys;
  readonly script: RedisScript;
  readonly keys: readonly string[];
}

/** How many records one reply has. A larger account takes several. */
const RECORDS_PER_REPLY = 1000;

/** So many requests for records are on their way: the server works on one while the client works on another. */
const SIDE_BY_SIDE = 2;

/**
 * Reads an account as of one instant. A small one is one reply of a script. Of a larger one, the script gives head and
 * names, and the records follow in pages, each with the head: as long as that is the same, so is the state of the account,
 * whose head changes with it. When somebody commits meanwhile, the script gives everything in one reply.
 */
export async function readEntries(link: RedisLink, reading: AccountReading): Promise<RedisEntries> {
  const { account } = reading;
  const [kind, head = '', ...rest] = await readAtOnce(link, reading, RECORDS_PER_REPLY);
  if (kind !== 'names') return entriesOf(account, [kind ?? '', head, ...rest]);
  const entries = await readInPages(link, reading, { head, pages: rest });
  if (entries !== undefined) return { kind: 'entries', entries };
  return entriesOf(account, await readAtOnce(link, reading, Number.MAX_SAFE_INTEGER));
}

function readAtOnce(link: RedisLink, reading: AccountReading, most: number): Promise<readonly string[]> {
  const args = [reading.account.recordPrefix, String(most)];
  return exactTexts((form) => callScript(link, { ...reading, args, form }));
}

function entriesOf({ head, recordPrefix }: AccountKeys, [kind, first = '', ...rest]: readonly string[]): RedisEntries {
  if (kind === 'none') return { kind };
  if (kind === 'damaged') return { kind, key: first, found: rest[0] };
  const entries: StoredEntry[] = [{ key: head, text: first }];
  for (let index = 0; index < rest.length; index += 2) {
    entries.push({ key: recordPrefix + rest[index], text: rest[index + 1] ?? '' });
  }
  return { kind: 'entries', entries };
}

/** The head and the records with these names; `undefined` when they are not of one state. */
async function readInPages(
  link: RedisLink,
  reading: AccountReading,
  { head, pages }: { readonly head: string; readonly pages: readonly string[] },
): Promise<readonly StoredEntry[] | undefined> {
  const { account } = reading;
  const entries: StoredEntry[] = [{ key: account.head, text: head }];
  const left = pages.values();
  let isSame = true;
  const readOn = async (): Promise<void> => {
    for (const page of left) {
      const names = page.split(' ').filter((name) => name !== INDEX_MEMBER);
      const keys = names.map((name) => account.recordPrefix + name);
      const [stored, ...texts] = await exactTexts((form) =>
        getTexts(link, [account.head, ...keys], { ...reading, form }),
      );
      isSame &&= stored === head;
      if (!isSame) return;
      for (const [index, key] of keys.entries()) entries.push({ key, text: texts[index] ?? '' });
    }
  };
  await Promise.all(Array.from({ length: SIDE_BY_SIDE }, readOn));
  return isSame ? entries : undefined;
}
