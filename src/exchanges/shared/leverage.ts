import type { AccountTarget } from './account-target.js';

/** The newest time of a position that a symbol's leverage was reported with, by store. */
const reportedAt = new WeakMap<AccountTarget, Map<string, number>>();

/**
 * Sets the leverage that an exchange reported, unless the store knows a position of the symbol, or its leverage, for a
 * later time than `atMs`. What has no time (0) is never older; a leverage of 0 says nothing.
 *
 * @param changedMs the time of the position that it was reported with, which a listing reports later than it changed
 */
export function applyLeverage(
  store: AccountTarget,
  symbol: string,
  leverage: number | undefined,
  atMs: number,
  changedMs: number = atMs,
): void {
  if (leverage === undefined || leverage <= 0) return;
  const times = reportedAt.get(store) ?? new Map<string, number>();
  reportedAt.set(store, times);
  const heldMs = (['LONG', 'SHORT'] as const).map((side) => store.getActivePosition(symbol, side)?.timestampMs ?? 0);
  const knownMs = Math.max(times.get(symbol) ?? 0, ...heldMs);
  if (atMs !== 0 && atMs < knownMs) return;
  times.set(symbol, Math.max(changedMs, knownMs));
  if (leverage !== store.getSymbolLeverage(symbol)) store.setSymbolLeverage(symbol, leverage);
}
