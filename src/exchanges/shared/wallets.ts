import { type ReadEntries, readEntries } from './entries.js';
import type { Fields } from './fields.js';

type Sent = Readonly<Record<string, unknown>>;

/** What exchanges call an asset and its wallet balance, and where the lists of them are. */
const SHAPES: readonly (readonly [asset: string, balance: string, lists: (sent: Sent) => unknown])[] = [
  // Binance futures: the account, and ACCOUNT_UPDATE.
  ['asset', 'walletBalance', ({ assets }) => [assets]],
  ['a', 'wb', ({ a }) => [Object(a).B]],
  // Bybit: an answer has a `result`, a message of the stream is a list.
  ['coin', 'walletBalance', (sent) => listsIn(Object(sent['result']).list ?? sent, 'coin')],
  // OKX.
  ['ccy', 'cashBal', ({ data }) => listsIn(data, 'details')],
];

/** The lists in the entries of a list. */
function listsIn(parents: unknown, name: string): unknown {
  return Array.isArray(parents) ? parents.map((parent) => Object(parent)[name]) : undefined;
}

/** The wallet balances in what Binance futures, Bybit or OKX sent, recognised by its shape; `undefined` for all else. */
export function walletsIn(sent: unknown): ReadEntries<readonly [asset: string, balance: number]> | undefined {
  for (const [asset, balance, find] of SHAPES) {
    const lists = find(Object(sent));
    if (!Array.isArray(lists) || lists.length === 0 || !lists.every(Array.isArray)) continue;
    const entries = lists.flat();
    if (entries.length > 0 && !entries.some((entry) => Object.hasOwn(Object(entry), balance))) continue;
    const read = (entry: Fields) => [entry.text(asset), entry.number(balance)] as const;
    return readEntries(entries, 'balance', read, (entry) => entry.text(asset));
  }
  return undefined;
}
