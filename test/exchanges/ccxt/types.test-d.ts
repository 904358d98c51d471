import type ccxt from 'ccxt';
import type { Balances, Exchange, Order, Position, Ticker } from 'ccxt';
import { describe, expectTypeOf, it } from 'vitest';
import type { AccountStateStore } from '../../../src/core/store/account-state-store.js';
import type {
  AccountChange,
  CcxtExchange,
  CcxtOptions,
  CcxtPro,
  EntryFault,
  MessageOutcome,
  OrderFill,
  PositionChange,
} from '../../../src/exchanges/ccxt/index.js';
import {
  applyCcxtBalance,
  applyCcxtOrders,
  applyCcxtPositions,
  applyCcxtTicker,
  ccxtInstruments,
  mapCcxtBalances,
  mapCcxtOrder,
  mapCcxtPosition,
  syncCcxt,
} from '../../../src/exchanges/ccxt/index.js';

/** Checked by the compiler, in `npm run typecheck`; never run. */
describe("ccxt's own types", () => {
  it('are exchanges that can be synchronised, without a cast', () => {
    expectTypeOf<Exchange>().toExtend<CcxtExchange>();
    expectTypeOf<InstanceType<typeof ccxt.bybit>>().toExtend<CcxtExchange>();
    expectTypeOf<InstanceType<typeof ccxt.okx>>().toExtend<CcxtExchange>();
    expectTypeOf<InstanceType<typeof ccxt.deribit>>().toExtend<CcxtExchange>();
    expectTypeOf<InstanceType<typeof ccxt.pro.binanceusdm>>().toExtend<CcxtExchange>();
    expectTypeOf<InstanceType<typeof ccxt.pro.krakenfutures>>().toExtend<CcxtExchange>();
  });

  it('are structures that can be mapped and applied, without a cast', () => {
    const use = async (
      store: AccountStateStore,
      exchange: InstanceType<typeof ccxt.pro.bybit>,
    ): Promise<MessageOutcome[]> => {
      const positions: Position[] = await exchange.watchPositions();
      const orders: Order[] = await exchange.watchOrders();
      const balances: Balances = await exchange.watchBalance();
      const ticker: Ticker = await exchange.watchTicker('BTC/USDT:USDT');
      positions.map((position) => mapCcxtPosition(position));
      orders.map((order) => mapCcxtOrder(order));
      mapCcxtBalances(balances);
      ccxtInstruments(exchange.markets);
      return [
        await syncCcxt(store, exchange),
        applyCcxtPositions(store, positions),
        applyCcxtOrders(store, orders),
        applyCcxtBalance(store, balances),
        applyCcxtTicker(store, ticker),
      ];
    };
    expectTypeOf(use).returns.resolves.items.toExtend<MessageOutcome>();
  });

  it('are exchanges that can be followed, without a cast', () => {
    expectTypeOf<InstanceType<typeof ccxt.pro.bybit>>().toExtend<CcxtPro>();
    expectTypeOf<InstanceType<typeof ccxt.pro.binanceusdm>>().toExtend<CcxtPro>();
    expectTypeOf<InstanceType<typeof ccxt.pro.okx>>().toExtend<CcxtPro>();
    expectTypeOf<InstanceType<typeof ccxt.pro.krakenfutures>>().toExtend<CcxtPro>();
  });

  it('have an `info` that can be declared as the exchange documents it', () => {
    const options: CcxtOptions = {
      refineBalances: ({ balances = [] }: { balances?: { coin: string; wallet: string }[] }) =>
        Object.fromEntries(balances.map(({ coin, wallet }) => [coin, Number(wallet)])),
    };
    const ofList: CcxtOptions = { refineBalances: (info: readonly { coin: string }[]) => ({ [info.length]: 0 }) };
    expectTypeOf([options, ofList]).items.toExtend<CcxtOptions>();
  });

  it('lead to outcomes that can be told apart', () => {
    expectTypeOf<Extract<MessageOutcome, { kind: 'applied' }>>().toExtend<AccountChange>();
    expectTypeOf<AccountChange['positions'][number]>().toEqualTypeOf<PositionChange>();
    expectTypeOf<AccountChange['fills'][number]>().toEqualTypeOf<OrderFill>();
    expectTypeOf<AccountChange['faults'][number]>().toEqualTypeOf<EntryFault>();
  });
});
