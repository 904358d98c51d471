import { type ReadEntries, readEntries } from '../shared/entries.js';
import { ExchangeMessageError, Fields } from '../shared/fields.js';
import { walletsIn } from '../shared/wallets.js';
import type { CcxtOptions } from './options.js';

/** What a balance has beside its currencies. */
const OTHERS = ['info', 'timestamp', 'datetime', 'free', 'used', 'total', 'debt'];

/** The wallet balances in `info` or, where they are not known there, ccxt's total of each currency that has one. */
export function mapCcxtBalances(balance: object, options: CcxtOptions = {}): Record<string, number> {
  const { values, faults } = readBalances(balance, options);
  for (const { field } of faults) throw new ExchangeMessageError(field, 'expected a finite number');
  return Object.fromEntries(values);
}

export function readBalances(balance: object, { refineBalances }: CcxtOptions): ReadEntries<readonly [string, number]> {
  const fields = new Fields(balance, 'balance');
  const info = fields.raw('info');
  const wallets = refineBalances ? undefined : walletsIn(info);
  if (wallets) return wallets;
  const totals = Object.entries(balance).flatMap(([name, it]) => (OTHERS.includes(name) ? [] : [[name, it?.total]]));
  const known = { ...(fields.raw('total') ?? Object.fromEntries(totals)), ...refineBalances?.(Object(info)) };
  const entries = Object.entries(known).map(([asset, total]) => ({ asset, total }));
  const read = (it: Fields) => (it.has('total') ? ([it.text('asset'), it.number('total')] as const) : undefined);
  return readEntries(entries, 'balance', read, (each) => each.text('asset'));
}
