import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { AccountState } from '../../../src/core/account/account-state.js';
import type { MessageOutcome } from '../../../src/exchanges/okx/index.js';
import {
  applyOkxMessage,
  applyOkxResponse,
  type OkxRequest,
  okxInstruments,
} from '../../../src/exchanges/okx/index.js';

/** A message of the stream or, with `request`, a response that answers it. */
interface Step {
  readonly request?: OkxRequest | 'instruments';
  readonly asOfMs?: number;
  readonly message: unknown;
}

interface Fixture extends Step {
  readonly name: string;
  readonly instruments?: readonly object[];
  /** What came before: messages of the stream, or steps. */
  readonly before?: readonly (object | Step)[];
  readonly expected: {
    readonly kind: MessageOutcome['kind'];
    readonly reason?: string;
    /** The fields that could not be read. */
    readonly faults?: readonly string[];
    readonly fills?: readonly { readonly id: string; readonly executed: number; readonly first: boolean }[];
    readonly prices?: readonly object[];
    readonly vanished?: readonly string[];
    readonly positions?: readonly object[];
    readonly orders?: readonly object[];
    readonly balances?: object;
    readonly leverage?: object;
    readonly instruments?: Readonly<Record<string, object | null>>;
  };
}

const FOLDER = new URL('../fixtures/okx/', import.meta.url);

function fixturesIn(file: string): readonly Fixture[] {
  return JSON.parse(readFileSync(new URL(file, FOLDER), 'utf8'));
}

function apply(store: AccountState, step: Step): MessageOutcome {
  const { request, message, asOfMs } = step;
  if (request === undefined || request === 'instruments') return applyOkxMessage(store, message);
  return applyOkxResponse(store, request, message, { asOfMs });
}

function listed(response: unknown): readonly object[] {
  return (response as { readonly data: readonly object[] }).data;
}

const files = readdirSync(FOLDER).sort();

it('has fixtures of every channel of an account and of every request', () => {
  const names = files.map((file) => file.replace('.json', ''));
  expect(new Set(names)).toEqual(
    new Set([
      ...['account', 'balance-and-position', 'positions', 'orders', 'orders-algo', 'algo-advance'],
      ...['prices', 'control', 'ignored', 'instruments'],
      ...['rest-positions', 'rest-orders', 'rest-algo-orders', 'rest-balance', 'rest-leverage', 'rest-prices'],
    ]),
  );
});

describe.each(files)('%s', (file) => {
  const accountFixtures = fixturesIn(file).filter(({ request }) => request !== 'instruments');
  const instrumentFixtures = fixturesIn(file).filter(({ request }) => request === 'instruments');

  it.each(instrumentFixtures)('$name', ({ message, expected }) => {
    const lookUp = okxInstruments(listed(message));
    const found = Object.keys(expected.instruments ?? {}).map((symbol) => [symbol, lookUp(symbol) ?? null]);
    expect(Object.fromEntries(found)).toEqual(expected.instruments);
  });

  it.each(accountFixtures)('$name', (fixture) => {
    const { instruments, before = [], expected } = fixture;
    const store = new AccountState(instruments === undefined ? {} : { instruments: okxInstruments(instruments) });
    for (const step of before) {
      const given: Step = 'message' in step ? step : { message: step };
      expect(apply(store, given).kind).toBe('applied');
    }

    const outcome = apply(store, fixture);

    expect(outcome.kind).toBe(expected.kind);
    if (outcome.kind !== 'applied') expect(outcome.reason).toContain(expected.reason ?? '');
    if (outcome.kind === 'applied') {
      expect(outcome.faults.map(({ field }) => field)).toEqual(expected.faults ?? []);
      expect(outcome.resync?.vanishedOrders.map((order) => order.exchangeOrderId) ?? []).toEqual(
        expected.vanished ?? [],
      );
      expect(outcome.prices).toEqual(expected.prices ?? []);
      const fills = outcome.fills.map(({ order, first }) => ({
        id: order.exchangeOrderId,
        executed: order.executedQuantity,
        first,
      }));
      expect(fills).toEqual(expected.fills ?? []);
    }
    const byKey = (list: readonly object[]) =>
      [...list].sort((a, b) => JSON.stringify(a).localeCompare(JSON.stringify(b)));
    const plain = (list: readonly object[]) =>
      byKey(list.map((each) => Object.fromEntries(Object.entries(each).sort())));
    expect(plain(store.getAllPositions())).toEqual(plain(expected.positions ?? []));
    expect(plain(store.getOrders())).toEqual(plain(expected.orders ?? []));
    expect(store.getWalletBalances()).toEqual(expected.balances ?? {});
    expect(store.getSymbolLeverageCache()).toEqual(expected.leverage ?? {});
  });
});
