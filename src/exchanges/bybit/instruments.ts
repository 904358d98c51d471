import type { Instrument, InstrumentLookup } from '../../core/account/types/instrument.js';
import { Fields } from '../shared/fields.js';
import { BYBIT_CATEGORIES, type BybitCategory, bybitSymbolKey } from './categories.js';

const [LINEAR, INVERSE] = ['linear', 'inverse'] as const;
const KIND = { LinearPerpetual: LINEAR, LinearFutures: LINEAR, InversePerpetual: INVERSE, InverseFutures: INVERSE };

/**
 * An entry of `/v5/market/instruments-info`. The multiplier is 1: Bybit counts linear contracts and spot in the base
 * coin, inverse contracts in US dollars. @throws ExchangeMessageError also for an option
 */
export function mapBybitInstrument(entry: object): Instrument {
  const item = new Fields(entry, 'instrument');
  const isSpot = !item.has('contractType') && !item.has('settleCoin');
  const kind = isSpot ? 'spot' : item.oneOf('contractType', KIND);
  return { kind, multiplier: 1, settleAsset: item.text(isSpot ? 'quoteCoin' : 'settleCoin') };
}

/** The look-up for the store's option `instruments`, by the keys of `bybitSymbolKey`. @throws ExchangeMessageError */
export function bybitInstruments(
  entriesByCategory: Readonly<Partial<Record<BybitCategory, readonly object[] | undefined>>>,
): InstrumentLookup {
  const bySymbol = new Map<string, Instrument>();
  for (const category of BYBIT_CATEGORIES) {
    for (const entry of entriesByCategory[category] ?? []) {
      const symbol = new Fields(entry, category).text('symbol');
      bySymbol.set(bybitSymbolKey(category, symbol), mapBybitInstrument(entry));
    }
  }
  return (symbol) => bySymbol.get(symbol);
}
