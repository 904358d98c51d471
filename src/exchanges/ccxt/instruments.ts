import type { Instrument, InstrumentLookup } from '../../core/account/types/instrument.js';
import { unlessUnreadable } from '../shared/entries.js';
import { Fields } from '../shared/fields.js';
import type { CcxtOptions } from './options.js';
import { symbolOf } from './read-fields.js';

/** The instrument of a market of ccxt's. There is none for an inverse option, whose price is in the coin. */
export function mapCcxtInstrument(market: object, { amounts }: CcxtOptions = {}): Instrument {
  const fields = new Fields(market, 'market');
  const settleAsset = fields.textIfGiven('settle');
  if (settleAsset === '') return { kind: 'spot', multiplier: 1, settleAsset: fields.text('quote') };
  const kind = (['quanto', 'linear', 'inverse'] as const).find((each) => fields.raw(each) === true) ?? 'quanto';
  if (fields.raw('option') === true && kind !== 'linear') throw fields.error('option', 'expected a linear one');
  const isInUnits = amounts?.(fields.text('symbol')) === 'base';
  return { kind, multiplier: isInUnits ? 1 : fields.number('contractSize'), settleAsset };
}

/** Finds instruments in `exchange.markets`, which `exchange.loadMarkets()` fills. */
export function ccxtInstruments(markets: object | undefined, options: CcxtOptions = {}): InstrumentLookup {
  const fields = new Fields(markets, 'markets');
  return (key) => unlessUnreadable(() => mapCcxtInstrument(Object(fields.raw(symbolOf(key))), options));
}
