import type { EnginePositionUpdate } from '../../core/account/types/position.js';
import type { Fields } from '../shared/fields.js';
import { fieldsOf, isSpot, symbolKeyOf } from './instruments.js';

const POSITION_SIDES = { net: 'BOTH', long: 'LONG', short: 'SHORT' } as const;

/**
 * A position of the channels `positions` and `balance_and_position`, or of REST; without a size, its side is `NONE`.
 * `assetQty` is in contracts, below 0 for a short in net mode and above 0 in long/short mode. For MARGIN it is in the
 * base currency: OKX reports a short in the quote currency that it was sold for, and `avgPx` converts it.
 *
 * `timestampMs` is `uTime`, the last change. OKX repeats a position every few seconds, with the same `uTime` and a new
 * `pTime`: equal times are taken over, and a repetition does not outrank a change that another channel reported first.
 */
export function mapOkxPosition(given: object): EnginePositionUpdate {
  const entry = fieldsOf(given, 'position');
  const orderPositionSide = entry.oneOf('posSide', POSITION_SIDES);
  const timestampMs = entry.time('uTime');
  const common = { symbol: symbolKeyOf(entry, 'mgnMode'), timestampMs, orderPositionSide };
  const size = entry.raw('pos') === '' && !entry.has('avgPx') ? 0 : entry.number('pos');
  if (size === 0) return { ...common, positionSide: 'NONE', positionPrice: 0, assetQty: 0 };
  const [base = '', quote = ''] = entry.text('instId').split('-');
  const marginSides = { [base]: 'LONG', [quote]: 'SHORT' } as const;
  const netSide = isSpot(entry) ? entry.oneOf('posCcy', marginSides) : size > 0 ? 'LONG' : 'SHORT';
  const positionSide = orderPositionSide === 'BOTH' ? netSide : orderPositionSide;
  if (positionSide === 'LONG' && size < 0) throw entry.error('pos', `expected a long, received ${size}`);
  const positionPrice = entry.number('avgPx');
  if (positionPrice <= 0) throw entry.error('avgPx', `expected a price, received ${positionPrice}`);
  const assetQty = isSpot(entry) && netSide === 'SHORT' ? size / positionPrice : size;
  return { ...common, positionSide, positionPrice, assetQty, ...amountsOf(entry), ...exitPricesOf(entry) };
}

/**
 * An empty liquidation price means none in isolated mode, where the position's own margin decides. In cross mode it is
 * unknown: it depends on the whole account, and OKX leaves it out where it estimates none, as in portfolio margin mode.
 * `notionalUsd` is in US dollars, and `usdPx` is the price of the settle asset in them. A MARGIN position's profit and
 * margin are left out where they are in the base currency (`ccy`): its instrument is settled in the quote currency.
 */
function amountsOf(entry: Fields): Partial<EnginePositionUpdate> {
  const isIsolated = entry.raw('mgnMode') === 'isolated';
  const liqPx = isIsolated ? entry.numberOrNone('liqPx') : entry.numberIfGiven('liqPx');
  const liquidationPrice = liqPx === undefined ? undefined : Math.max(liqPx, 0);
  if (isSpot(entry) && !entry.text('instId').endsWith(`-${entry.textIfGiven('ccy')}`)) return { liquidationPrice };
  const dollars = isSpot(entry) ? undefined : entry.numberIfGiven('notionalUsd');
  const usdPx = entry.numberIfGiven('usdPx') ?? (/^USD[TC]?$/.test(entry.textIfGiven('ccy')) ? 1 : 0);
  const value = dollars === undefined || usdPx <= 0 ? undefined : Math.abs(dollars) / usdPx;
  const marginValue = entry.numberIfGiven(isIsolated ? 'margin' : 'imr');
  return { value, valueUpnl: entry.numberIfGiven('upl'), marginValue, liquidationPrice };
}

/** Those of the algo orders that close the whole position. A channel without the list says nothing of them. */
function exitPricesOf(entry: Fields): Partial<EnginePositionUpdate> {
  if (!entry.has('closeOrderAlgo')) return {};
  const exits = entry.list('closeOrderAlgo');
  const first = (name: string) => exits.find((exit) => exit.has(name))?.number(name) ?? 0;
  return { stopLossPrice: first('slTriggerPx'), takeProfitPrice: first('tpTriggerPx') };
}
