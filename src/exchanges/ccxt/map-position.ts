import type { EnginePositionUpdate } from '../../core/account/types/position.js';
import { Fields } from '../shared/fields.js';
import type { CcxtOptions, Info } from './options.js';
import { positionKeyIn, SIDES, sideIn } from './read-fields.js';

/** A position of ccxt's; one of 0 contracts is flat. Where ccxt does not say whether it is hedged, `info` can. */
export function mapCcxtPosition(position: object, options: CcxtOptions = {}): EnginePositionUpdate {
  const fields = position instanceof Fields ? position : new Fields(position, 'position');
  const info: Info = { ...Object(fields.raw('info')) };
  const notional = fields.numberIfGiven('notional');
  const isOpen = fields.has('contracts') || Boolean(notional) || fields.positiveIfGiven('entryPrice') !== undefined;
  const contracts = isOpen ? fields.number('contracts') : 0;
  const ownMargin = new Fields(info, 'info').numberIfGiven('positionInitialMargin'); // Binance: without its orders'
  const hedgedSide = fields.raw('hedged') === false ? undefined : sideIn(info);
  const isHedged = fields.raw('hedged') === true || hedgedSide !== undefined;
  const side = SIDES[fields.textIfGiven('side').toLowerCase()] ?? (contracts < 0 ? 'SHORT' : (hedgedSide ?? 'NONE'));
  if (side === 'NONE' && (contracts !== 0 || isHedged)) throw fields.error('side', 'expected long or short');
  // Bybit writes "none" as an empty text, which ccxt leaves out.
  const noneIn = (name: string): 0 | undefined => (info[name] === '' ? 0 : undefined);
  return {
    symbol: positionKeyIn(fields, options),
    timestampMs: fields.newest('timestamp', 'lastUpdateTimestamp'),
    positionSide: contracts === 0 ? 'NONE' : side,
    orderPositionSide: isHedged && side !== 'NONE' ? side : 'BOTH',
    positionPrice: contracts === 0 ? 0 : fields.amount('entryPrice'),
    assetQty: Math.abs(contracts),
    value: notional && Math.abs(notional),
    valueUpnl: fields.numberIfGiven('unrealizedPnl'),
    marginValue: ownMargin ?? fields.numberIfGiven('initialMargin'),
    liquidationPrice: fields.has('liquidationPrice') ? Math.max(fields.number('liquidationPrice'), 0) : undefined,
    stopLossPrice: fields.numberIfGiven('stopLossPrice') ?? noneIn('stopLoss'),
    takeProfitPrice: fields.numberIfGiven('takeProfitPrice') ?? noneIn('takeProfit'),
    ...options.refinePosition?.(info),
  };
}
