import type { AccountTarget } from './account-target.js';

/** When the leverage of a symbol was reported last, by store. */
const reportedAt = new WeakMap<AccountTarget, Map<string, number>>();

/**
 * Sets the leverage that an exchange reported with a position, unless the store knows a position of the symbol, or its
 * leverage, for a later time. What has no time (`atMs` 0) is never older; a leverage of 0 says nothing.
 */
export function applyLeverage(store: AccountTarget, symbol: string, leverage: number | undefined, atMs: number): void {
  if (leverage === undefined || leverage <= 0) return;
  const times = reportedAt.get(store) ?? new Map<string, number>();
  reportedAt.set(store, times);
  const heldMs = (['LONG', 'SHORT'] as const).map((side) => store.getActivePosition(symbol, side)?.timestampMs ?? 0);
  const knownMs = Math.max(times.get(symbol) ?? 0, ...heldMs);
  if (atMs !== 0 && atMs < knownMs) return;
  times.set(symbol, Math.max(atMs, knownMs));
  if (leverage !== store.getSymbolLeverage(symbol)) store.setSymbolLeverage(symbol, leverage);
}
