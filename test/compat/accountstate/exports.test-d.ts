import {
  AccountStateStore,
  type BalanceUpdateEventData,
  type DepthSummary,
  type ENGINE_ORDER_POSITION_SIDE,
  type ENGINE_POSITION_SIDE,
  type EngineOrder,
  type EngineOrderPositionSide,
  type EnginePositionSide,
  type EngineSimplePosition,
  getUnrealisedPnl,
  type IncomingPriceEvent,
  type PositionAgeState,
  type PositionDepthState,
  type PositionStateSummary,
  reportBalanceToServer,
  type ValueOf,
} from 'accountkeeper/accountstate';
import { describe, expectTypeOf, it } from 'vitest';

/** Checked by the compiler, in `npm run typecheck`; never run. */
describe('the types of the drop-in', () => {
  const store = new AccountStateStore<{ leaderId: string }>();

  it('are numbers where accountstate has numbers', () => {
    expectTypeOf<EngineSimplePosition['valueUpnl']>().toEqualTypeOf<number>();
    expectTypeOf<EngineSimplePosition['stopLossPrice']>().toEqualTypeOf<number | undefined>();
    expectTypeOf<EngineOrder['averagePrice']>().toEqualTypeOf<number>();
    expectTypeOf<Extract<keyof EngineOrder, 'triggerPrice' | 'timeInForce' | 'closePosition'>>().toBeNever();
    expectTypeOf<Omit<EngineSimplePosition, 'stopLossPrice'>>().not.toExtend<EngineSimplePosition>();
  });

  it('are the unions of the constants', () => {
    expectTypeOf<ValueOf<typeof ENGINE_POSITION_SIDE>>().toEqualTypeOf<EnginePositionSide>();
    expectTypeOf<ValueOf<typeof ENGINE_ORDER_POSITION_SIDE>>().toEqualTypeOf<EngineOrderPositionSide>();
    expectTypeOf<EnginePositionSide>().toEqualTypeOf<'LONG' | 'SHORT' | 'NONE'>();
  });

  it('let what a getter returned go on as what accountstate calls it', () => {
    expectTypeOf(store.getAllPositions()).toExtend<EngineSimplePosition[]>();
    expectTypeOf(store.getOrders()).toExtend<EngineOrder[]>();
    expectTypeOf(store.getOrder('a')).toExtend<EngineOrder | undefined>();
    expectTypeOf(store.getSymbolLeverageCache()).toEqualTypeOf<Record<string, number>>();
    expectTypeOf(store.getAllSymbolMetadata()).toExtend<Record<string, { leaderId: string } | undefined>>();
    expectTypeOf(getUnrealisedPnl).toBeCallableWith(store.getAllPositions());
    expectTypeOf(reportBalanceToServer).toBeCallableWith('http://localhost', 'main', ['a'], store, 'USDT', true);
    expectTypeOf(store.upsertActiveOrder).returns.toBeVoid();
    const summary = store.getSessionSummary(0);
    summary.account.pnlState.realisedPnl = 1;
    summary.activePositions.push();
  });

  it('have the shapes that users name', () => {
    expectTypeOf<PositionStateSummary>().toExtend<PositionAgeState>();
    expectTypeOf<PositionDepthState['asset']>().toBeString();
    expectTypeOf<keyof DepthSummary>().toEqualTypeOf<
      | 'rawDepthSum'
      | 'estimatedValueWithLeverage'
      | 'unrealisedPnL'
      | 'crossBalance'
      | 'depthWithoutPnL'
      | 'depthWithPnL'
    >();
    expectTypeOf<BalanceUpdateEventData['hedgeCount']>().toBeNumber();
    expectTypeOf<IncomingPriceEvent>().toEqualTypeOf<{ symbol: string; price: number }>();
  });
});
