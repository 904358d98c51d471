import type { MarketInstrument } from './instrument.js';

/** A linear instrument of a base asset against USDT, with what a test wants otherwise. */
export function linearInstrument(baseAsset: string, other: Partial<MarketInstrument> = {}): MarketInstrument {
  const quoteAsset = other.quoteAsset ?? 'USDT';
  return {
    symbol: `${baseAsset}${quoteAsset}`,
    kind: 'linear',
    baseAsset,
    quoteAsset,
    settleAsset: quoteAsset,
    contractSize: '1',
    tickSize: '0.01',
    quantityStep: '0.001',
    maxLeverage: '100',
    makerFeeRate: '0.0002',
    takerFeeRate: '0.00055',
    maintenanceRate: '0.005',
    ...other,
  };
}

/** An inverse instrument: contracts of `contractSize` US dollars, settled in the coin. */
export function inverseInstrument(baseAsset: string, other: Partial<MarketInstrument> = {}): MarketInstrument {
  return {
    ...linearInstrument(baseAsset, { quoteAsset: 'USD' }),
    kind: 'inverse',
    settleAsset: baseAsset,
    quantityStep: '1',
    ...other,
  };
}
