import type { Exchange } from 'ccxt';

const LINEAR = {
  type: 'swap',
  spot: false,
  margin: false,
  swap: true,
  future: false,
  option: false,
  contract: true,
  linear: true,
  inverse: false,
  active: true,
  precision: { amount: 0.001, price: 0.1 },
  limits: {},
};

/** Markets of our own, so that nothing is loaded over the network. */
export function withMarkets<Each extends Exchange>(exchange: Each, id: string, contractSize: number): Each {
  const names = { symbol: 'BTC/USDT:USDT', base: 'BTC', quote: 'USDT', settle: 'USDT' };
  const ids = { id, baseId: 'BTC', quoteId: 'USDT', settleId: 'USDT' };
  exchange.setMarkets([{ ...LINEAR, ...names, ...ids, contractSize }]);
  return exchange;
}
