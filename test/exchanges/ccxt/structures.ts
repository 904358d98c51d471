/** A position as ccxt's classes fill it, of a linear perpetual in one-way mode. */
export function aPosition(given: object = {}): object {
  return {
    info: {},
    symbol: 'BTC/USDT:USDT',
    lastUpdateTimestamp: 1_000,
    contracts: 2,
    side: 'long',
    entryPrice: 100,
    hedged: false,
    leverage: null,
    ...given,
  };
}

/** A limit order as ccxt's classes fill it. */
export function anOrder(given: object = {}): object {
  return {
    info: {},
    id: '1',
    symbol: 'BTC/USDT:USDT',
    timestamp: 900,
    lastUpdateTimestamp: 1_000,
    type: 'limit',
    side: 'buy',
    price: 90,
    amount: 3,
    filled: 0,
    status: 'open',
    ...given,
  };
}
