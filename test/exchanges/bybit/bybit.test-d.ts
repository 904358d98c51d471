import type {
  AccountOrderV5,
  LinearInverseInstrumentInfoV5,
  PositionV5,
  RestClientV5,
  WalletBalanceV5,
} from 'bybit-api';
import { describe, expectTypeOf, it } from 'vitest';
import type { AccountStateStore } from '../../../src/core/store/account-state-store.js';
import {
  type applyBybitMessage,
  applyBybitResponse,
  bybitInstruments,
  type ExchangeRequest,
  type MessageOutcome,
  type mapBybitOrder,
  type mapBybitPosition,
  type mapBybitWallet,
  syncBybit,
} from '../../../src/exchanges/bybit/index.js';

/** Checked by the compiler, in `npm run typecheck`; never run. */
describe('the types of the adapter', () => {
  it('take a client of bybit-api, and a store with metadata of any shape, without a cast', () => {
    const sync = (client: RestClientV5, store: AccountStateStore<{ leaderId: string }, { cursor: number }>) =>
      syncBybit(store, (path, parameters) => client.getPrivate(path, parameters), { settleCoins: ['USDT'] });

    expectTypeOf(sync).returns.resolves.toEqualTypeOf<MessageOutcome>();
    expectTypeOf(
      (client: RestClientV5): ExchangeRequest =>
        (path, parameters) =>
          client.get(path, parameters),
    ).returns.toEqualTypeOf<ExchangeRequest>();
  });

  it('take what the methods of the client resolve to', () => {
    const apply = async (client: RestClientV5, store: AccountStateStore): Promise<MessageOutcome> =>
      applyBybitResponse(store, 'positions', await client.getPositionInfo({ category: 'inverse' }), { asOfMs: 1 });
    const look = (linear: LinearInverseInstrumentInfoV5[]) => bybitInstruments({ linear });

    expectTypeOf(apply).returns.resolves.toEqualTypeOf<MessageOutcome>();
    expectTypeOf(look).returns.toBeFunction();
    expectTypeOf<PositionV5>().toExtend<Parameters<typeof mapBybitPosition>[0]>();
    expectTypeOf<AccountOrderV5>().toExtend<Parameters<typeof mapBybitOrder>[0]>();
    expectTypeOf<WalletBalanceV5[]>().toExtend<Parameters<typeof mapBybitWallet>[0]>();
  });

  it('name the requests', () => {
    expectTypeOf<Parameters<typeof applyBybitResponse>[1]>().toEqualTypeOf<
      'positions' | 'orders' | 'wallet' | 'tickers'
    >();
    expectTypeOf<Parameters<typeof applyBybitMessage>[1]>().toEqualTypeOf<unknown>();
  });
});
