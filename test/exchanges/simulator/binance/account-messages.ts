import { Decimal } from '../decimal.js';
import type { MarketInstrument } from '../instrument.js';
import type { PositionView } from '../position.js';
import { digitsOf, fixed, moneyOrZero, shortMoney } from './amounts.js';
import type { JsonObject } from './json-text.js';
import { breakEvenPrice, signedQuantity } from './position-numbers.js';

/** Why the exchange tells that the account changed. */
export type AccountUpdateReason =
  | 'DEPOSIT'
  | 'WITHDRAW'
  | 'ORDER'
  | 'FUNDING_FEE'
  | 'WITHDRAW_REJECT'
  | 'ADJUSTMENT'
  | 'INSURANCE_CLEAR'
  | 'ADMIN_DEPOSIT'
  | 'ADMIN_WITHDRAW'
  | 'MARGIN_TRANSFER'
  | 'MARGIN_TYPE_CHANGE'
  | 'ASSET_TRANSFER'
  | 'AUTO_EXCHANGE'
  | 'COIN_SWAP_DEPOSIT'
  | 'COIN_SWAP_WITHDRAW';

/** A wallet as it is after a change. `change` is what came from neither a profit nor a fee. */
export interface WalletState {
  readonly asset: string;
  readonly balance: string;
  readonly crossBalance: string;
  readonly change: string;
}

/** The `ACCOUNT_UPDATE`: what changed, and nothing else. */
export function accountUpdate(
  reason: AccountUpdateReason,
  wallets: readonly WalletState[],
  positions: readonly JsonObject[],
  timeMs: number,
): JsonObject {
  return {
    e: 'ACCOUNT_UPDATE',
    T: timeMs,
    E: timeMs,
    a: {
      B: wallets.map(({ asset, balance, crossBalance, change }) => ({
        a: asset,
        wb: shortMoney(balance),
        cw: shortMoney(crossBalance),
        bc: shortMoney(change),
      })),
      P: positions,
      m: reason,
    },
  };
}

/** A position as `ACCOUNT_UPDATE` tells it: without leverage and liquidation price. */
export function updatedPosition(instrument: MarketInstrument, position: PositionView): JsonObject {
  const quantity = signedQuantity(position);
  return {
    s: position.symbol,
    pa: quantity.isZero ? '0' : fixed(quantity, digitsOf(instrument.quantityStep)),
    ep: position.entryPrice,
    cr: moneyOrZero(position.realisedPnl),
    up: moneyOrZero(position.unrealisedPnl),
    mt: position.marginMode === 'CROSS' ? 'cross' : 'isolated',
    iw: moneyOrZero(position.isolatedMargin),
    ps: position.positionSide,
    ma: instrument.settleAsset,
    bep: breakEvenPrice(position),
  };
}

/** The `ACCOUNT_CONFIG_UPDATE` of a symbol's leverage. */
export function leverageUpdate(symbol: string, leverage: string, timeMs: number): JsonObject {
  return { e: 'ACCOUNT_CONFIG_UPDATE', E: timeMs, T: timeMs, ac: { s: symbol, l: Number(leverage) } };
}

/** The `ACCOUNT_CONFIG_UPDATE` of the multi-assets mode. */
export function multiAssetsUpdate(isOn: boolean, timeMs: number): JsonObject {
  return { e: 'ACCOUNT_CONFIG_UPDATE', E: timeMs, T: timeMs, ai: { j: isOn } };
}

/** The `MARGIN_CALL` of positions. `crossBalance` is told of positions in cross margin alone. */
export function marginCall(
  instruments: (symbol: string) => MarketInstrument,
  positions: readonly PositionView[],
  crossBalance: string | undefined,
  timeMs: number,
): JsonObject {
  return {
    e: 'MARGIN_CALL',
    E: timeMs,
    ...(crossBalance === undefined ? {} : { cw: shortMoney(crossBalance) }),
    p: positions.map((position) => ({
      s: position.symbol,
      ps: position.positionSide,
      pa: fixed(signedQuantity(position), digitsOf(instruments(position.symbol).quantityStep)),
      mt: position.marginMode === 'CROSS' ? 'CROSSED' : 'ISOLATED',
      iw: moneyOrZero(position.isolatedMargin),
      mp: position.markPrice,
      up: shortMoney(position.unrealisedPnl),
      mm: shortMoney(position.maintenanceMargin),
    })),
  };
}

/** The `listenKeyExpired` of a key. */
export function listenKeyExpired(listenKey: string, timeMs: number): JsonObject {
  return { e: 'listenKeyExpired', E: timeMs, listenKey };
}

/** The `markPriceUpdate` of a symbol. */
export function markPriceUpdate(symbol: string, price: string, fundingRate: string, timeMs: number): JsonObject {
  const text = fixed(Decimal.of(price), 8);
  return {
    e: 'markPriceUpdate',
    E: timeMs,
    s: symbol,
    p: text,
    ap: text,
    P: text,
    i: text,
    r: fixed(fundingRate, 8),
    T: nextFundingTime(timeMs),
  };
}

/** Funding is settled every eight hours. */
export function nextFundingTime(timeMs: number): number {
  const period = 8 * 3_600_000;
  return (Math.floor(timeMs / period) + 1) * period;
}
