/** Entries and messages as Bybit sends them, with the fields that matter to a test replaced. */

export const T = 1_750_000_000_000;

export const LONG = {
  category: 'linear',
  symbol: 'ETHUSDT',
  side: 'Buy',
  size: '1.5',
  positionIdx: 0,
  positionValue: '3750',
  entryPrice: '2500',
  avgPrice: '2500',
  markPrice: '2520',
  leverage: '10',
  positionIM: '377.1',
  liqPrice: '2276.4',
  takeProfit: '0',
  stopLoss: '0',
  unrealisedPnl: '30',
  updatedTime: String(T),
  seq: 880012345,
};

export const LIMIT_BUY = {
  category: 'linear',
  symbol: 'ETHUSDT',
  orderId: 'order-1',
  orderLinkId: '',
  price: '2450.5',
  qty: '1.2',
  side: 'Buy',
  positionIdx: 0,
  orderStatus: 'New',
  createType: 'CreateByUser',
  avgPrice: '',
  cumExecQty: '0',
  timeInForce: 'GTC',
  orderType: 'Limit',
  stopOrderType: '',
  triggerPrice: '',
  triggerDirection: 0,
  reduceOnly: false,
  closeOnTrigger: false,
  createdTime: String(T),
  updatedTime: String(T),
};

export function push(topic: string, ...data: readonly object[]): object {
  return { topic, id: 'id-1', creationTime: T + 3, data };
}

/** A response of a listing; `time` is that of the answer. */
export function response(list: readonly unknown[], result: object = {}, time: number = T + 900): object {
  return { retCode: 0, retMsg: 'OK', result: { list, ...result }, retExtInfo: {}, time };
}
