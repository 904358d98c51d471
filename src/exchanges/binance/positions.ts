import type { EnginePositionUpdate } from '../../core/account/types/position.js';
import { Fields } from '../shared/fields.js';
import { isCoinMargined } from './instruments.js';
import { ENTRY } from './names.js';

const MODE = { BOTH: 'BOTH', LONG: 'LONG', SHORT: 'SHORT' } as const;

/**
 * A position: an entry of `account` or `positionRisk`, in each version, or of the `P` of an ACCOUNT_UPDATE, with the
 * `T` around it as `atMs`. A flat one has the side `NONE`; a short has a negative amount; COIN-M counts in contracts.
 */
export function mapBinancePosition(entry: object, atMs?: number): EnginePositionUpdate {
  return readPosition(new Fields(entry, 'position'), atMs);
}

/** The wallet balances of `account`, of `balance`, or of the `B` of an ACCOUNT_UPDATE, by asset. */
export function mapBinanceBalances(entries: readonly object[]): Record<string, number> {
  return Object.fromEntries(entries.map((entry, index) => readBalance(new Fields(entry, `balances[${index}]`))));
}

/** An asset and its balance; in portfolio margin that of the futures wallets, which are what the stream reports. */
export function readBalance(entry: Fields): [asset: string, balance: number] {
  const item = entry.renamed(ENTRY);
  const cm = item.numberIfGiven('cm') ?? 0;
  return [item.text('asset'), item.has('balance') ? item.number('balance') : item.number('um') + cm];
}

/** A symbol and its leverage; `undefined` where the entry has none. */
export function readLeverage(entry: Fields): [symbol: string, leverage: number] | undefined {
  const item = entry.renamed(ENTRY);
  const leverage = item.numberIfGiven('leverage') ?? 0;
  return leverage > 0 ? [item.text('symbol'), leverage] : undefined;
}

/** @param atMs its time, where the entry has none. */
export function readPosition(entry: Fields, atMs?: number): EnginePositionUpdate {
  const item = entry.renamed(ENTRY);
  const symbol = item.text('symbol');
  const assetQty = item.number('amount');
  const orderPositionSide = item.oneOf('positionSide', MODE);
  const known = { symbol, orderPositionSide, timestampMs: atMs ?? item.numberIfGiven('updateTime') ?? 0 };
  if (assetQty === 0) return { ...known, positionSide: 'NONE', positionPrice: 0, assetQty: 0 };
  const positionSide = assetQty > 0 ? 'LONG' : 'SHORT';
  const isOnOtherSide = orderPositionSide !== 'BOTH' && orderPositionSide !== positionSide;
  if (isOnOtherSide) throw item.error('positionSide', `expected ${positionSide}, received ${orderPositionSide}`);
  const size = Math.abs(assetQty);
  const notional = item.has('notional') ? Math.abs(item.number('notional')) : undefined;
  const leverage = item.numberIfGiven('leverage');
  // Version 3 of `account` has no entry price: it follows from the notional value, rounded and at the mark price.
  const isImplied = !item.has('entryPrice') && notional !== undefined;
  const implied = isImplied ? (notional - item.number('profit') * Math.sign(assetQty)) / size : undefined;
  const positionPrice = implied === undefined ? item.number('entryPrice') : Number(implied.toPrecision(9));
  const isCross = item.textIfGiven('marginType').toLowerCase().startsWith('cross');
  const isolatedWallet = isCross ? 0 : item.numberIfGiven('isolatedWallet');
  // Version 2 of `positionRisk` has the leverage instead of the initial margin.
  const initialMargin = item.numberIfGiven('initialMargin') ?? (leverage && notional && notional / leverage);
  const value = isCoinMargined(symbol) ? notional : size * positionPrice;
  return {
    ...known,
    positionSide,
    positionPrice,
    assetQty,
    value,
    valueUpnl: item.numberIfGiven('profit'),
    marginValue: isolatedWallet || initialMargin,
    liquidationPrice: item.numberIfGiven('liquidationPrice'),
  };
}
