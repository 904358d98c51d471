import type { EngineOrderUpdate } from '../../core/account/types/order.js';
import type { EnginePositionUpdate } from '../../core/account/types/position.js';
import { applyOrder, applyPosition } from './account-changes.js';
import type { AccountTarget } from './account-target.js';
import type { ReadEntries } from './entries.js';
import { hedgedWhereBoth } from './hedged.js';
import { applyLeverage } from './leverage.js';
import { applied, type MessageOutcome } from './outcome.js';

/** A position, and the leverage that was reported with it. */
export interface PositionEntry {
  readonly position: EnginePositionUpdate;
  readonly leverage: number | undefined;
}

/** The leverage of a symbol, reported by itself. */
interface LeverageEntry {
  readonly symbol: string;
  readonly leverage: number | undefined;
}

/** What was read of an account. A list that is not there says nothing. */
export interface AccountEntries {
  readonly positions?: ReadEntries<PositionEntry> | undefined;
  readonly leverages?: ReadEntries<LeverageEntry>;
  readonly orders?: ReadEntries<EngineOrderUpdate>;
  readonly balances?: ReadEntries<readonly [asset: string, balance: number]>;
}

/** What a snapshot speaks for. */
export interface SnapshotScope {
  /** The exchange's time (ms), before it was asked for. */
  readonly asOfMs: number;
  /** The balances of then: where one has changed since, that is newer, even without a time. */
  readonly balancesBefore: Readonly<Record<string, number>>;
  /** Whether it speaks for a symbol. */
  covers(symbol: string): boolean;
  /** The symbol in the key of a position. */
  symbolOf(key: string): string;
}

const NONE: ReadEntries<never> = { values: [], faults: [], isInDoubt: () => true };

/**
 * Puts entries into the store one by one. What they do not name stays.
 *
 * @param atMs their time, where they have none of their own.
 */
export function applyEntries(store: AccountTarget, entries: AccountEntries, atMs?: number): MessageOutcome {
  const { positions = NONE, orders = NONE, balances = NONE } = entries;
  const changes = positions.values.flatMap(({ leverage, position }) => {
    applyLeverage(store, position.symbol, leverage, position.timestampMs);
    return applyPosition(store, position);
  });
  const fills = orders.values.flatMap((order) => applyOrder(store, order));
  for (const [asset, total] of balances.values) store.setWalletBalance(total, { asset, asOfMs: atMs });
  const times = [
    ...positions.values.map(({ position }) => position.timestampMs),
    ...orders.values.map((it) => it.updatedAtMs),
  ];
  return applied({
    atMs: atMs ?? (Math.max(0, ...times) || undefined),
    positions: changes,
    fills,
    balances: Object.fromEntries(balances.values),
    faults: [positions, orders, balances].flatMap((read) => read.faults),
  });
}

/** Merges a snapshot. What it speaks for and does not name is gone, unless that is in doubt. */
export function mergeEntries(store: AccountTarget, entries: AccountEntries, scope: SnapshotScope): MessageOutcome {
  const { positions = NONE, leverages = NONE, orders = NONE, balances = NONE } = entries;
  const { asOfMs, balancesBefore, covers, symbolOf } = scope;
  const setLeverage = (symbol: string, leverage: number | undefined, timestampMs: number): void => {
    if (covers(symbolOf(symbol))) applyLeverage(store, symbol, leverage, asOfMs, timestampMs);
  };
  for (const { position, leverage } of positions.values) setLeverage(position.symbol, leverage, position.timestampMs);
  for (const { symbol, leverage } of leverages.values) setLeverage(symbol, leverage, 0);
  const balancesNow = store.getWalletBalances();
  const isNews = (asset: string): boolean => balancesNow[asset] !== balancesBefore[asset];
  const resync = store.reconcile({
    positions: entries.positions && hedgedWhereBoth(positions.values.map(({ position }) => position)),
    orders: entries.orders && orders.values,
    balances: entries.balances && Object.fromEntries(balances.values.filter(([asset]) => !isNews(asset))),
    asOfMs,
    scope: {
      positions: ({ symbol }) => covers(symbolOf(symbol)) && !positions.isInDoubt(symbolOf(symbol)),
      orders: ({ symbol }) => covers(symbol) && !orders.isInDoubt(symbol),
      balances: (asset) => !balances.isInDoubt(asset) && !isNews(asset),
    },
  });
  const faults = [positions, orders, balances, leverages].flatMap((read) => read.faults);
  return applied({ atMs: asOfMs, balances: Object.fromEntries(balances.values), resync, faults });
}
