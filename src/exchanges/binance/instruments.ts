import type { Instrument, InstrumentLookup } from '../../core/account/types/instrument.js';
import { readEntries } from '../shared/entries.js';
import { Fields } from '../shared/fields.js';

/** Whether this is a symbol of COIN-M, such as `BTCUSD_PERP` or `BTCUSD_260327`. */
export function isCoinMargined(symbol: string): boolean {
  return /USD_(PERP|\d+)$/.test(symbol);
}

/** A symbol of `exchangeInfo`. USDⓈ-M counts in the base asset, COIN-M in contracts of a fixed amount of US dollars. */
export function mapBinanceInstrument(entry: object): Instrument {
  return readInstrument(new Fields(entry, 'symbol'))[1];
}

/** Finds the symbols of `exchangeInfo`, for the store's option `instruments`, but for those that cannot be read. */
export function binanceInstruments(entries: readonly object[]): InstrumentLookup {
  const bySymbol = new Map(readEntries(entries, 'symbols', readInstrument, (item) => item.text('symbol')).values);
  return (symbol) => bySymbol.get(symbol);
}

function readInstrument(item: Fields): [symbol: string, instrument: Instrument] {
  const [symbol, settleAsset] = [item.text('symbol'), item.text('marginAsset')];
  if (settleAsset !== item.text('baseAsset')) return [symbol, { kind: 'linear', multiplier: 1, settleAsset }];
  const multiplier = item.number('contractSize');
  if (multiplier <= 0) throw item.error('contractSize', `expected a number above 0, received ${multiplier}`);
  return [symbol, { kind: 'inverse', multiplier, settleAsset }];
}
