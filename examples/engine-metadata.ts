import type { TrailingStop } from './trailing-stop.js';

/** A side on which a position can be. */
export type PositionSide = 'LONG' | 'SHORT';

/** The engine's knowledge of a symbol that no exchange can give back. `null`: none. */
export interface SymbolMetadata {
  /** Orders that opened or enlarged the long that is open. */
  readonly entryCountLong: number;
  /** Orders that opened or enlarged the short that is open. */
  readonly entryCountShort: number;
  /** When the symbol was flat last, and then no longer: exchange time, in milliseconds since the Unix epoch. */
  readonly firstOpenedAtMs: number | null;
  readonly trailingStopLong: TrailingStop | null;
  readonly trailingStopShort: TrailingStop | null;
  /** The price that was current when the last position was closed. */
  readonly lastClosedPrice: number | null;
}

/** The engine's knowledge of the account as a whole. */
export interface EngineMetadata {
  /** The stream cursor: how many messages led to all this. */
  readonly messagesProcessed: number;
  /** `null` before a balance was known. */
  readonly daily: DailyResult | null;
}

/** The realised profit of one day (UTC), fees and funding included: how far the wallet balance moved. */
export interface DailyResult {
  /** `2025-06-03`. */
  readonly day: string;
  readonly openingBalance: number;
  readonly realisedPnl: number;
}

export const NEW_SYMBOL: SymbolMetadata = Object.freeze({
  entryCountLong: 0,
  entryCountShort: 0,
  firstOpenedAtMs: null,
  trailingStopLong: null,
  trailingStopShort: null,
  lastClosedPrice: null,
});

export function entryCount(metadata: SymbolMetadata, side: PositionSide): number {
  return side === 'LONG' ? metadata.entryCountLong : metadata.entryCountShort;
}

export function withEntryCount(metadata: SymbolMetadata, side: PositionSide, count: number): SymbolMetadata {
  return side === 'LONG' ? { ...metadata, entryCountLong: count } : { ...metadata, entryCountShort: count };
}

export function trailingStop(metadata: SymbolMetadata, side: PositionSide): TrailingStop | null {
  return side === 'LONG' ? metadata.trailingStopLong : metadata.trailingStopShort;
}

export function withTrailingStop(
  metadata: SymbolMetadata,
  side: PositionSide,
  stop: TrailingStop | null,
): SymbolMetadata {
  return side === 'LONG' ? { ...metadata, trailingStopLong: stop } : { ...metadata, trailingStopShort: stop };
}

/** The metadata of a side after its position is closed: nothing that would steer the next one. */
export function withoutSide(metadata: SymbolMetadata, side: PositionSide): SymbolMetadata {
  return withTrailingStop(withEntryCount(metadata, side, 0), side, null);
}

/** The day's result after the wallet balance was `balance` at `atMs`. A message from the day before changes no day. */
export function nextDailyResult(daily: DailyResult | null, atMs: number, balance: number): DailyResult {
  const day = new Date(atMs).toISOString().slice(0, 10);
  if (daily === null) return { day, openingBalance: balance, realisedPnl: 0 };
  const startsDay = day > daily.day;
  const openingBalance = startsDay ? withoutNoise(daily.openingBalance + daily.realisedPnl) : daily.openingBalance;
  return { day: startsDay ? day : daily.day, openingBalance, realisedPnl: withoutNoise(balance - openingBalance) };
}

/** Away with the noise of binary fractions. */
function withoutNoise(amount: number): number {
  return Number(amount.toFixed(8));
}
