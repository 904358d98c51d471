import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { AccountState } from '../../../src/core/account/account-state.js';
import {
  applyBybitMessage,
  applyBybitResponse,
  type BybitRequest,
  type BybitResponseOptions,
} from '../../../src/exchanges/bybit/index.js';

/** A message, what came before it, and what is in the store after it. What is left out of the store is empty. */
interface Case {
  readonly name: string;
  /** Messages of the stream. */
  readonly before?: readonly unknown[];
  /** Of a REST response; without it the message is one of the stream. */
  readonly request?: BybitRequest;
  readonly options?: BybitResponseOptions;
  readonly message: unknown;
  readonly expected: {
    readonly kind: 'applied' | 'ignored' | 'unknown';
    readonly positions?: readonly object[];
    readonly orders?: readonly object[];
    readonly balances?: Readonly<Record<string, number>>;
    readonly leverage?: Readonly<Record<string, number>>;
    /** Of the outcome: the fields that could not be read. */
    readonly faults?: readonly string[];
    readonly fills?: readonly { readonly executedQuantity: number; readonly first: boolean }[];
    readonly prices?: readonly object[];
    /** Of a snapshot: symbols, and order ids. */
    readonly closed?: readonly string[];
    readonly vanished?: readonly string[];
  };
}

const FOLDER = new URL('../fixtures/bybit/', import.meta.url);
const FILES = readdirSync(FOLDER).filter((name) => name.endsWith('.json'));

const byName = (left: object, right: object): number => JSON.stringify(left).localeCompare(JSON.stringify(right));

describe.each(FILES)('%s', (file) => {
  const cases: readonly Case[] = JSON.parse(readFileSync(new URL(file, FOLDER), 'utf8'));

  it.each(cases)('$name', ({ before = [], request, options, message, expected }) => {
    const store = new AccountState();
    for (const earlier of before)
      expect(applyBybitMessage(store, earlier)).toMatchObject({ kind: 'applied', faults: [] });

    const outcome =
      request === undefined ? applyBybitMessage(store, message) : applyBybitResponse(store, request, message, options);

    const positions = store.getAllPositions().toSorted(byName);
    const { kind, closed, vanished, fills, prices = [], faults = [] } = expected;
    expect(outcome.kind).toBe(kind);
    expect(positions).toEqual([...(expected.positions ?? [])].sort(byName));
    expect(store.getOrders()).toEqual(expected.orders ?? []);
    expect({ ...store.getWalletBalances() }).toEqual(expected.balances ?? {});
    expect({ ...store.getSymbolLeverageCache() }).toEqual(expected.leverage ?? {});
    if (outcome.kind !== 'applied') return;
    expect(outcome.faults.map(({ field }) => field)).toEqual(faults);
    expect(outcome.prices).toEqual(prices);
    if (fills !== undefined) {
      const executed = outcome.fills.map(({ order, first }) => ({ executedQuantity: order.executedQuantity, first }));
      expect(executed).toEqual(fills);
    }
    if (closed !== undefined) expect(outcome.resync?.closed.map(({ symbol }) => symbol)).toEqual(closed);
    if (vanished !== undefined) {
      expect(outcome.resync?.vanishedOrders.map(({ exchangeOrderId }) => exchangeOrderId)).toEqual(vanished);
    }
  });
});
