import { readdirSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { AccountState } from '../../../src/core/account/account-state.js';
import {
  applyCcxtTicker,
  type CcxtOptions,
  mapCcxtBalances,
  mapCcxtInstrument,
  mapCcxtOrder,
  mapCcxtPosition,
} from '../../../src/exchanges/ccxt/index.js';

interface Fixture {
  readonly holds: string;
  readonly kind: 'position' | 'order' | 'balance' | 'market' | 'ticker';
  readonly options?: { amounts?: 'base'; separateIsolated?: boolean; refinePosition?: object };
  readonly given: object;
  readonly expected: unknown;
}

const folder = resolve(import.meta.dirname, '../fixtures/ccxt');
const files = readdirSync(folder).filter((name) => name.endsWith('.json'));

function read(file: string): readonly Fixture[] {
  return JSON.parse(readFileSync(resolve(folder, file), 'utf8'));
}

function optionsOf({ options = {} }: Fixture): CcxtOptions {
  const { amounts = 'contracts', refinePosition = {}, separateIsolated = false } = options;
  return { separateIsolated, amounts: () => amounts, refinePosition: () => refinePosition };
}

const MAPPERS: Readonly<Record<Fixture['kind'], (given: object, options: CcxtOptions) => unknown>> = {
  position: mapCcxtPosition,
  order: mapCcxtOrder,
  balance: mapCcxtBalances,
  market: mapCcxtInstrument,
  ticker: (given, options) => {
    const outcome = applyCcxtTicker(new AccountState(), given, options);
    return outcome.kind === 'applied' ? outcome.prices : outcome;
  },
};

it('there are fixtures of several exchanges', () => {
  expect(files.length).toBeGreaterThanOrEqual(10);
});

describe.each(files)("ccxt's structures as exchanges fill them: %s", (file) => {
  it.each(read(file))('$kind: $holds', (fixture) => {
    expect(MAPPERS[fixture.kind](fixture.given, optionsOf(fixture))).toEqual(fixture.expected);
  });

  it.each(read(file).filter(({ kind }) => kind === 'position' || kind === 'order'))(
    'the store takes it: $holds',
    ({ kind, given, options }) => {
      const store = new AccountState();
      const mapped = MAPPERS[kind](
        given,
        optionsOf({ holds: '', kind, given, expected: undefined, ...(options && { options }) }),
      );
      const key = kind === 'position' ? 'positions' : 'orders';
      expect(() => store.reconcile({ [key]: [mapped], asOfMs: Number.MAX_SAFE_INTEGER })).not.toThrow();
    },
  );
});
