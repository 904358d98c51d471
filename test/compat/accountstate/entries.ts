import type { EngineOrder, EngineSimplePosition } from '../../../src/compat/accountstate/index.js';

/** A long of BTCUSDT. */
export function makePosition(fields: Partial<EngineSimplePosition> = {}): EngineSimplePosition {
  const positionSide = fields.positionSide ?? 'LONG';
  return {
    symbol: 'BTCUSDT',
    timestampMs: 1_700_000_000_000,
    positionSide,
    orderPositionSide: positionSide === 'NONE' ? 'BOTH' : positionSide,
    positionPrice: 100,
    assetQty: 2,
    value: 200,
    valueUpnl: 0,
    marginValue: 20,
    liquidationPrice: 50,
    stopLossPrice: undefined,
    takeProfitPrice: undefined,
    ...fields,
  };
}

/** A new limit order. */
export function makeOrder(fields: Partial<EngineOrder> = {}): EngineOrder {
  return {
    exchangeOrderId: 'a',
    customOrderId: '',
    symbol: 'BTCUSDT',
    orderSide: 'BUY',
    positionSide: 'LONG',
    orderType: 'LIMIT',
    status: 'NEW',
    price: 100,
    originalQuantity: 2,
    executedQuantity: 0,
    averagePrice: 0,
    createdAtMs: 1,
    updatedAtMs: 1,
    ...fields,
  };
}
