import type { EnginePositionUpdate } from '../../core/account/types/position.js';
import { Fields } from '../shared/fields.js';
import type { CcxtOptions, Info } from './options.js';
import { newestIn, positionKeyIn, SIDES } from './read-fields.js';

/** A position of ccxt's. One without contracts is flat; the size of a short is positive. */
export function mapCcxtPosition(position: object, options: CcxtOptions = {}): EnginePositionUpdate {
  const fields = position instanceof Fields ? position : new Fields(position, 'position');
  const contracts = fields.numberIfGiven('contracts') ?? 0;
  const isHedged = fields.raw('hedged') === true;
  const side = SIDES[fields.textIfGiven('side').toLowerCase()] ?? (contracts < 0 ? 'SHORT' : 'NONE');
  if (side === 'NONE' && (contracts !== 0 || isHedged)) throw fields.error('side', 'expected long or short');
  const notional = fields.numberIfGiven('notional');
  const info: Info = { ...Object(fields.raw('info')) };
  // Bybit writes "none" as an empty text, which ccxt leaves out.
  const noneIn = (name: string): 0 | undefined => (info[name] === '' ? 0 : undefined);
  return {
    symbol: positionKeyIn(fields, options),
    timestampMs: newestIn(fields, 'timestamp', 'lastUpdateTimestamp'),
    positionSide: contracts === 0 ? 'NONE' : side,
    orderPositionSide: isHedged && side !== 'NONE' ? side : 'BOTH',
    positionPrice: contracts === 0 ? 0 : fields.number('entryPrice'),
    assetQty: Math.abs(contracts),
    value: notional && Math.abs(notional),
    valueUpnl: fields.numberIfGiven('unrealizedPnl'),
    marginValue: fields.numberIfGiven('initialMargin'),
    liquidationPrice: fields.numberIfGiven('liquidationPrice'),
    stopLossPrice: fields.numberIfGiven('stopLossPrice') ?? noneIn('stopLoss'),
    takeProfitPrice: fields.numberIfGiven('takeProfitPrice') ?? noneIn('takeProfit'),
    ...options.refinePosition?.(info),
  };
}
