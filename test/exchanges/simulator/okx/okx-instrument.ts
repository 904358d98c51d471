import { Decimal } from '../decimal.js';
import type { MarketInstrument } from '../instrument.js';
import { inverseInstrument, linearInstrument } from '../sample-instruments.js';

/** A perpetual swap as OKX lists it: a contract is worth `ctVal` × `ctMult` of `ctValCcy`. */
export interface OkxInstrument extends MarketInstrument {
  readonly ctVal: string;
  readonly ctMult: string;
}

interface OtherFacts extends Partial<Omit<MarketInstrument, 'symbol' | 'kind' | 'contractSize'>> {
  /** Default: 0.01 of the coin (linear), 100 US dollars (inverse). */
  readonly ctVal?: string;
  /** Default: 1. */
  readonly ctMult?: string;
}

/** A swap against USDT, settled in USDT. */
export function linearSwap(baseAsset: string, other: OtherFacts = {}): OkxInstrument {
  const { ctVal = '0.01', ctMult = '1', ...rest } = other;
  const steps = { quantityStep: '0.01', tickSize: '0.1', takerFeeRate: '0.0005' };
  return swap(linearInstrument(baseAsset, { ...steps, ...rest }), ctVal, ctMult);
}

/** A swap against the US dollar, settled in the coin. */
export function inverseSwap(baseAsset: string, other: OtherFacts = {}): OkxInstrument {
  const { ctVal = '100', ctMult = '1', ...rest } = other;
  const steps = { quantityStep: '1', tickSize: '0.1', takerFeeRate: '0.0005' };
  return swap(inverseInstrument(baseAsset, { ...steps, ...rest }), ctVal, ctMult);
}

/** The pair that an instrument is of, such as `BTC-USDT`. */
export function familyOf(instrument: MarketInstrument): string {
  return `${instrument.baseAsset}-${instrument.quoteAsset}`;
}

function swap(instrument: MarketInstrument, ctVal: string, ctMult: string): OkxInstrument {
  const contractSize = Decimal.of(ctVal).times(Decimal.of(ctMult)).toString();
  return { ...instrument, symbol: `${familyOf(instrument)}-SWAP`, contractSize, ctVal, ctMult };
}
