import type { EnginePositionUpdate } from '../../core/account/types/position.js';
import type { AccountTarget } from '../shared/account-target.js';
import { Fields } from '../shared/fields.js';

export interface PositionEntry {
  readonly update: EnginePositionUpdate;
  /** `undefined` where there is none: `''` in portfolio margin, or `'0'`. */
  readonly leverage: number | undefined;
}

/** An entry of the position topic or of `/v5/position/list`. A flat one is on no side. @throws ExchangeMessageError */
export function mapBybitPosition(entry: object): EnginePositionUpdate {
  return readPosition(new Fields(entry, 'position')).update;
}

export function readPosition(item: Fields): PositionEntry {
  const orderPositionSide = item.oneOf('positionIdx', { 0: 'BOTH', 1: 'LONG', 2: 'SHORT' } as const);
  const assetQty = item.number('size');
  const positionSide = assetQty === 0 ? 'NONE' : item.oneOf('side', { Buy: 'LONG', Sell: 'SHORT' } as const);
  const leverage = item.numberIfGiven('leverage') ?? 0;
  if (assetQty < 0) throw item.error('size', `expected 0 or more, received ${assetQty}`);
  if (positionSide !== 'NONE' && orderPositionSide !== 'BOTH' && positionSide !== orderPositionSide) {
    throw item.error('side', `expected ${orderPositionSide}, as positionIdx says, received ${positionSide}`);
  }
  // Portfolio margin leaves these empty, and with them a liquidation price that exists: unknown, rather than none.
  const isPortfolioMargin = item.raw('positionIM') === '' || item.raw('leverage') === '';
  const update: EnginePositionUpdate = {
    symbol: item.text('symbol'),
    timestampMs: item.numberIfGiven('updatedTime') ?? 0,
    positionSide,
    orderPositionSide,
    positionPrice: assetQty === 0 ? 0 : item.number(item.has('entryPrice') ? 'entryPrice' : 'avgPrice'),
    assetQty,
    value: item.numberIfGiven('positionValue'),
    valueUpnl: item.numberIfGiven('unrealisedPnl'),
    marginValue: item.numberIfGiven('positionIM'),
    liquidationPrice: isPortfolioMargin ? item.numberIfGiven('liqPrice') : item.numberOrNone('liqPrice'),
    stopLossPrice: item.numberOrNone('stopLoss'),
    takeProfitPrice: item.numberOrNone('takeProfit'),
  };
  return { update, leverage: leverage > 0 ? leverage : undefined };
}

/**
 * Sets the leverage of symbols of which the store knows nothing newer than `asOfMs`, or than the entry. It comes before
 * the positions, since another leverage makes their margin unknown. In hedge mode the sides can differ, while the store
 * has one leverage a symbol: that of the larger side counts.
 */
export function setLeverage(store: AccountTarget, entries: readonly PositionEntry[] = [], asOfMs?: number): void {
  for (const { update, leverage } of entries.toSorted((left, right) => left.update.assetQty - right.update.assetQty)) {
    const { symbol, timestampMs, assetQty, orderPositionSide } = update;
    const held = (['LONG', 'SHORT'] as const).flatMap((side) => store.getActivePosition(symbol, side) ?? []);
    const isOverruled = held.some((each) =>
      orderPositionSide === 'BOTH' || orderPositionSide === each.positionSide || assetQty === each.assetQty
        ? each.timestampMs > (asOfMs ?? (timestampMs || Infinity))
        : each.assetQty > assetQty,
    );
    if (leverage === undefined || isOverruled || leverage === store.getSymbolLeverage(symbol)) continue;
    store.setSymbolLeverage(symbol, leverage);
  }
}
