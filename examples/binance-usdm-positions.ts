import type { EngineSimplePosition } from 'accountkeeper';
import { ExchangeMessageError, type Fields } from './exchange-fields.js';

const MODE = { BOTH: 'BOTH', LONG: 'LONG', SHORT: 'SHORT' } as const;

type Mode = keyof typeof MODE;

/**
 * A position of `account` or `positionRisk`, in each of their versions. A flat one has `positionSide: 'NONE'`.
 * `leverage` is for the versions that do not tell it.
 */
export function mapPosition(item: Fields, leverage = 1): EngineSimplePosition {
  const assetQty = item.number('positionAmt');
  const valueUpnl = item.numberIfGiven('unrealizedProfit') ?? item.numberIfGiven('unRealizedProfit') ?? 0;
  return position({
    symbol: item.text('symbol'),
    timestampMs: item.number('updateTime'),
    mode: item.oneOf('positionSide', MODE),
    assetQty,
    entryPrice: item.numberIfGiven('entryPrice') ?? impliedEntryPrice(item, assetQty, valueUpnl),
    valueUpnl,
    margin: item.numberIfGiven('positionInitialMargin') ?? item.numberIfSet('isolatedMargin'),
    leverage: item.numberIfGiven('leverage') ?? leverage,
    liquidationPrice: item.numberIfGiven('liquidationPrice') ?? 0,
  });
}

/** An entry of the `P` of an ACCOUNT_UPDATE, which tells neither its time (the message's `T`) nor the leverage. */
export function mapStreamPosition(item: Fields, timestampMs: number, leverage = 1): EngineSimplePosition {
  return position({
    symbol: item.text('s'),
    timestampMs,
    mode: item.oneOf('ps', MODE),
    assetQty: item.number('pa'),
    entryPrice: item.number('ep'),
    valueUpnl: item.number('up'),
    margin: item.numberIfSet('iw'),
    leverage,
    liquidationPrice: 0,
  });
}

interface PositionParts {
  readonly symbol: string;
  readonly timestampMs: number;
  readonly mode: Mode;
  readonly assetQty: number;
  readonly entryPrice: number;
  readonly valueUpnl: number;
  /** `undefined` in cross mode, where it follows from the leverage. */
  readonly margin: number | undefined;
  readonly leverage: number;
  readonly liquidationPrice: number;
}

/** The amount of a short is negative in both position modes, and stays as the exchange sent it. */
function position(parts: PositionParts): EngineSimplePosition {
  const { symbol, timestampMs, mode, assetQty, entryPrice, valueUpnl, margin, leverage, liquidationPrice } = parts;
  const side = assetQty > 0 ? 'LONG' : 'SHORT';
  if (assetQty !== 0 && mode !== 'BOTH' && mode !== side) {
    throw new ExchangeMessageError('positionSide', `${mode} contradicts the amount ${assetQty}`);
  }
  const value = Math.abs(assetQty * entryPrice);
  return {
    symbol,
    timestampMs,
    positionSide: assetQty === 0 ? 'NONE' : side,
    orderPositionSide: mode,
    positionPrice: entryPrice,
    assetQty,
    value,
    valueUpnl,
    marginValue: margin ?? value / leverage,
    liquidationPrice,
  };
}

/** Version 3 of `account` leaves the entry price out: the notional value is at the mark price, so it follows. */
function impliedEntryPrice(item: Fields, assetQty: number, valueUpnl: number): number {
  return assetQty === 0 ? 0 : (item.number('notional') - valueUpnl) / assetQty;
}
